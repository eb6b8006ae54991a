// SPDX-License-Identifier: Apache-2.0
#include "server/service/flow/technician_flow.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "common/base/limits.h"
#include "common/crypto/random.h"
#include "common/log/log.h"
#include "server/service/flow/action_facts.h"

namespace preseal::server {
namespace {

// Names what still holds the seal, by display name.
StatusOr<std::string> OpenItemNames(Tx& tx, const Device& device) {
  ASSIGN_OR_RETURN(const auto items, tx.runs.Items(device.id, device.attempt));
  std::vector<std::string> names;
  for (const Item& item : items) {
    if (item.gating == Gating::kBlocking && !IsSettled(item)) {
      names.push_back(fmt::format("{} ({})", item.display_name, NameOf(item.state)));
    }
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

LifecycleEvent EventOf(CommandKind kind) {
  if (kind == CommandKind::kStart) return LifecycleEvent::kStart;
  return kind == CommandKind::kSignIn ? LifecycleEvent::kUserSignedIn : LifecycleEvent::kRetry;
}

Run RunOf(const FrozenPlan& frozen, RunId id, WallTime now) {
  const EspSettings& esp = frozen.esp;
  return Run{.run_id = std::move(id),
             .start_time = now,
             .profile = frozen.profile,
             .profile_digest = frozen.profile_digest,
             .plan = frozen.plan,
             .flow = frozen.flow,
             .profile_version = frozen.profile_version,
             .limit = esp.timeout,
             .esp = {.allow_reset = esp.allow_reset,
                     .allow_use_on_error = esp.allow_use_on_error,
                     .block_use = esp.block_use,
                     .block_retry = esp.block_retry,
                     .allow_log_collection = esp.allow_log_collection,
                     .show_progress = esp.show_progress,
                     .error_message = esp.error_message}};
}

}  // namespace

StatusOr<Command> TechnicianFlow::Start(const Actor& actor, const DeviceId& id,
                                        std::string_view request_id) {
  return desk_.Give(actor, id, request_id, "device.start",
                    [&](Tx& tx, Device* device) -> StatusOr<Command> {
                      RETURN_IF_ERROR(CheckAllowed(tx, *device, actor, DeviceAction::kProvision));
                      return BeginRun(tx, actor.name, CommandKind::kStart, device);
                    });
}

StatusOr<Command> TechnicianFlow::Retry(const Actor& actor, const DeviceId& id,
                                        std::string_view request_id) {
  return desk_.Give(
      actor, id, request_id, "device.retry", [&](Tx& tx, Device* device) -> StatusOr<Command> {
        RETURN_IF_ERROR(CheckAllowed(tx, *device, actor, DeviceAction::kRetry));
        if (device->enrolled) {
          return BeginRun(tx, actor.name, CommandKind::kRetry, device);
        }
        // A refused attestation: the agent tries again by itself, the record now lets it.
        RETURN_IF_ERROR(Advance(LifecycleEvent::kRetry, clock_.Now(), device));
        ASSIGN_OR_RETURN(Command command, desk_.New(actor.name, CommandKind::kRetry, *device));
        command.state = CommandState::kVerified;
        return command;
      });
}

StatusOr<Command> TechnicianFlow::Reseal(const Actor& actor, const DeviceId& id,
                                         std::string_view request_id) {
  return desk_.Give(actor, id, request_id, "device.reseal",
                    [&](Tx& tx, Device* device) -> StatusOr<Command> {
                      RETURN_IF_ERROR(CheckAllowed(tx, *device, actor, DeviceAction::kReseal));
                      return BeginReseal(tx, actor.name, device);
                    });
}

StatusOr<Command> TechnicianFlow::StartIn(Tx& tx, std::string_view actor, Device* device) {
  ASSIGN_OR_RETURN(const ActionFacts facts, ActionFactsOf(tx, *device, profiles_));
  if (!facts.preprovisioning_allowed) {
    return FailedPrecondition(
        SentenceOf(ActionRefusal::kProfileNotAllowed, DeviceAction::kProvision, facts));
  }
  ASSIGN_OR_RETURN(Command command, BeginRun(tx, actor, CommandKind::kStart, device));
  RETURN_IF_ERROR(desk_.Keep(tx, command, "device.start", device));
  return command;
}

StatusOr<Command> TechnicianFlow::BeginUserRun(Tx& tx, std::string_view actor, Device* device) {
  ASSIGN_OR_RETURN(Command command, BeginRun(tx, actor, CommandKind::kSignIn, device));
  RETURN_IF_ERROR(desk_.Keep(tx, command, "device.sign-in", device));
  return command;
}

Status TechnicianFlow::CheckAllowed(Tx& tx, const Device& device, const Actor& actor,
                                    DeviceAction action) {
  ASSIGN_OR_RETURN(const ActionFacts facts, ActionFactsOf(tx, device, profiles_));
  switch (const ActionRefusal refusal = Judge(action, actor.kind, facts); refusal) {
    // The moves themselves refuse these, and can name the items and the remedy.
    case ActionRefusal::kNone:
    case ActionRefusal::kState:
    case ActionRefusal::kNotVerified:
    case ActionRefusal::kQuarantined:
      return OkStatus();
    default:
      return FailedPrecondition(
          fmt::format("{}: {}", device.id.text(), SentenceOf(refusal, action, facts)));
  }
}

StatusOr<Command> TechnicianFlow::BeginRun(Tx& tx, std::string_view actor, CommandKind kind,
                                           Device* device) {
  const WallTime now = clock_.Now();
  if (kind == CommandKind::kSignIn) device->flow = Flow::kUser;
  if (kind == CommandKind::kStart) device->flow = Flow::kTechnician;
  RETURN_IF_ERROR(Advance(EventOf(kind), now, device));
  if (device->attempt >= kRunsPerDeviceMax) {
    return FailedPrecondition(fmt::format("{} has had {} attempts: retire it or look for the cause",
                                          device->id.text(), device->attempt));
  }
  ASSIGN_OR_RETURN(FrozenPlan frozen, profiles_.FreezeFor(tx, *device, device->flow));
  ++device->attempt;
  const Run run = RunOf(frozen, RunId::Of(device->id, device->attempt), now);
  RETURN_IF_ERROR(tx.runs.InsertRun(run, frozen.items));
  SetProgress(frozen.items, device);
  device->phase = Phase::kDeviceSetup;
  device->run_start_time = now;
  device->run_end_time.reset();
  device->held = false;
  device->wait.reset();
  if (!frozen.device_name.empty()) device->device_name = frozen.device_name;
  ASSIGN_OR_RETURN(Command command, desk_.New(actor, kind, *device));
  command.run_id = run.run_id;
  return command;
}

StatusOr<Command> TechnicianFlow::BeginReseal(Tx& tx, std::string_view actor, Device* device) {
  if (device->quarantined) {
    return FailedPrecondition(fmt::format(
        "{} is in quarantine and cannot be resealed: mend what its attestation found and start it "
        "again",
        device->id.text()));
  }
  if (!device->blocking_satisfied && device->attempt > 0) {
    ASSIGN_OR_RETURN(const std::string open, OpenItemNames(tx, *device));
    return FailedPrecondition(
        fmt::format("{} cannot be resealed, not verified yet: {}", device->id.text(), open));
  }
  RETURN_IF_ERROR(Advance(LifecycleEvent::kReseal, clock_.Now(), device));
  ASSIGN_OR_RETURN(Command command, desk_.New(actor, CommandKind::kReseal, *device));
  command.run_id = RunId::Of(device->id, device->attempt);
  command.seal_step = SealStep::kQuoting;
  ASSIGN_OR_RETURN(command.nonce, crypto::RandomBytes(kNonceBytes));
  return command;
}

}  // namespace preseal::server
