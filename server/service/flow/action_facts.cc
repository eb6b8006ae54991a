// SPDX-License-Identifier: Apache-2.0
#include "server/service/flow/action_facts.h"

#include <fmt/format.h>

#include <algorithm>

namespace preseal::server {
namespace {

void SetEsp(const EspFacts& esp, ActionFacts* facts) {
  facts->allow_reset = esp.allow_reset;
  facts->allow_use_on_error = esp.allow_use_on_error;
  facts->block_retry = esp.block_retry;
  facts->allow_log_collection = esp.allow_log_collection;
}

// A profile that cannot be told now does not say no; starting says why.
void SetFromProfile(Tx& tx, const Device& device, ProfileCatalog& profiles, ActionFacts* facts) {
  const auto plan = profiles.Preview(tx, device, device.flow, "");
  if (!plan.ok()) return;
  facts->preprovisioning_allowed = plan->profile.preprovisioning_allowed;
  facts->allow_reset = plan->profile.esp.allow_reset;
  facts->allow_use_on_error = plan->profile.esp.allow_use_on_error;
  facts->block_retry = plan->profile.esp.block_retry;
  facts->allow_log_collection = plan->profile.esp.allow_log_collection;
}

bool WaitsForAnAnswer(const Item& item) {
  return item.wait && item.wait->kind == Wait::Kind::kPrompt;
}

}  // namespace

StatusOr<ActionFacts> ActionFactsOf(Tx& tx, const Device& device, ProfileCatalog& profiles) {
  ActionFacts facts{.state = device.state,
                    .enrolled = device.enrolled,
                    .connected = device.contact == ContactState::kConnected,
                    .quarantined = device.quarantined,
                    .blocking_satisfied = device.blocking_satisfied,
                    .user_flow = device.flow == Flow::kUser,
                    .held = device.held};
  ASSIGN_OR_RETURN(const auto runs, tx.runs.ListRuns(device.id));
  if (!runs.empty() && runs.back().run_id.attempt() == device.attempt) {
    facts.has_run = runs.back().outcome != RunOutcome::kAbandoned;
    facts.running = runs.back().outcome == RunOutcome::kRunning;
  }
  if (facts.has_run) {
    SetEsp(runs.back().esp, &facts);
  } else {
    SetFromProfile(tx, device, profiles, &facts);
  }
  if (!facts.running) return facts;
  ASSIGN_OR_RETURN(const auto items, tx.runs.Items(device.id, device.attempt));
  facts.prompted = std::any_of(items.begin(), items.end(), WaitsForAnAnswer);
  return facts;
}

Status RequireAction(Tx& tx, const Device& device, ProfileCatalog& profiles, const Actor& actor,
                     DeviceAction action) {
  ASSIGN_OR_RETURN(const ActionFacts facts, ActionFactsOf(tx, device, profiles));
  const ActionRefusal refusal = Judge(action, actor.kind, facts);
  if (refusal == ActionRefusal::kNone) return OkStatus();
  if (refusal == ActionRefusal::kState) {
    return FailedPrecondition(
        fmt::format("{} is {}", device.id.text(), SentenceOf(refusal, action, facts)));
  }
  const std::string why =
      fmt::format("{}: {}", device.id.text(), SentenceOf(refusal, action, facts));
  return refusal == ActionRefusal::kNeedsLead ? PermissionDenied(why) : FailedPrecondition(why);
}

}  // namespace preseal::server
