// SPDX-License-Identifier: Apache-2.0
// What RunDesk puts on the device's screen.
#include <algorithm>
#include <utility>

#include "agent/domain/engine/board.h"
#include "agent/service/run/run_desk.h"

namespace preseal::agent {
namespace {

std::string_view RemedyFor(const std::string& code) {
  for (const ItemCode known : kAllItemCodes) {
    if (NameOf(known) == code) return RemedyOf(known);
  }
  return "";
}

// What holds the run up: the first blocking item that failed, or any that said nothing can help.
const Item* CulpritOf(const Plan& plan, const RunState& state) {
  const Board board(plan, state);
  for (size_t i = 0; i < board.size(); ++i) {
    const Item& item = board.entry(i).item;
    if (!board.Failed(i) || board.Teardown(i)) continue;
    if (item.gating == Gating::kBlocking || item.code == NameOf(ItemCode::kFatal)) return &item;
  }
  return nullptr;
}

ResultCard GoodCard(Flow flow) {
  ResultCard card;
  if (flow == Flow::kTechnician) {
    card.outcome = ResultCard::Outcome::kReadyToSeal;
    card.title = "Ready to seal";
    card.message = "Every blocking item is verified.";
    card.remedy = "Check the label, then reseal from the dashboard.";
  } else {
    card.outcome = ResultCard::Outcome::kInService;
    card.title = "Ready to use";
    card.message = "Everything this device needs is in place.";
  }
  return card;
}

}  // namespace

RecorderPorts RunDesk::PortsOfRecorder() {
  const auto on_hold = [this](bool holding) {
    ports_.display.ShowActivity(holding ? "On hold: the spool is full, waiting for the server"
                                        : "Provisioning");
  };
  return {ports_.codec, ports_.clock, ports_.signal, on_hold,
          [this](const RunState& state) { ShowItems(state); }};
}

void RunDesk::ShowItems(const RunState& state) {
  std::vector<Item> items = PreparationItems();
  for (const RunState::Entry& entry : state.entries()) items.push_back(entry.item);
  ports_.display.ShowItems(items,
                           std::chrono::duration_cast<std::chrono::seconds>(state.last_run_time()));
}

void RunDesk::ShowOutcome(const RunRecorder& run) {
  const RunState state = run.State();
  ResultCard card;
  if (state.outcome() == RunOutcome::kSucceeded) {
    card = GoodCard(run.plan().flow);
  } else {
    card.title = "Provisioning failed";
    if (const Item* culprit = CulpritOf(run.plan(), state)) {
      card.code = culprit->code;
      card.message = culprit->display_name + ": " + culprit->message;
      card.remedy = std::string(RemedyFor(culprit->code));
    }
  }
  card.elapsed = std::chrono::duration_cast<std::chrono::seconds>(state.last_run_time());
  ports_.display.ShowResult(card);
}

std::vector<Item> PreparationItems() {
  std::vector<Item> items;
  const auto add = [&items](const char* id, const char* name, Category category) {
    items.push_back({.item_id = id,
                     .display_name = name,
                     .phase = Phase::kDevicePreparation,
                     .category = category,
                     .state = ItemState::kSucceeded,
                     .percent = 100});
  };
  add("secure-hardware", "Secure your hardware", Category::kHardware);
  add("join", "Join your organisation", Category::kJoin);
  add("management", "Register for management", Category::kManagement);
  return items;
}

}  // namespace preseal::agent
