// SPDX-License-Identifier: Apache-2.0
// The part of RunDesk that opens, continues and ends runs.
#include <algorithm>
#include <utility>

#include "agent/domain/plan_check.h"
#include "agent/service/run_desk.h"
#include "common/base/limits.h"
#include "common/log/log.h"

namespace preseal::agent {

// Makes the run current, new or known. A bad plan makes a run without items, which ContinueRun
// refuses.
Status RunDesk::OpenRun(const RunHeader& header) {
  const auto current = Current();
  if (current && current->log().header().run_id == header.run_id) return OkStatus();
  RETURN_IF_ERROR(AbandonOpenRun(header.run_id));
  ASSIGN_OR_RETURN(auto log, ports_.store.Begin(header));
  plan_ = ports_.codec.DecodePlan(log->header().plan).value_or(Plan{});
  ASSIGN_OR_RETURN(auto recorder, RunRecorder::Open(log, plan_, PortsOfRecorder()));
  run_began_ = ports_.clock.Steady();
  {
    const std::lock_guard lock(mutex_);
    current_ = std::move(recorder);
  }
  return DropOldRuns();
}

Status RunDesk::AbandonOpenRun(const RunId& next) {
  const auto current = Current();
  if (!current || current->State().outcome() || current->log().header().plan.empty()) {
    return OkStatus();
  }
  log::Info("run superseded",
            {{"run", current->log().header().run_id.text()}, {"by", next.text()}});
  RETURN_IF_ERROR(RecordCommand(current->log().header().command_id, CommandState::kFailed,
                                ItemCode::kRunAbandoned, "a newer run was started"));
  return Record(RunFinished{RunOutcome::kAbandoned});
}

// The server repeats a StartRun until it hears of its end; this one was overtaken.
Status RunDesk::RefuseOldRun(const std::string& command_id, const StartRunOrder& order) {
  ASSIGN_OR_RETURN(auto log, ports_.store.Begin({order.run_id, command_id, order.plan}));
  ASSIGN_OR_RETURN(auto recorder, RunRecorder::Open(log, Plan{}, PortsOfRecorder()));
  return recorder->Record(
      CommandChanged{command_id, CommandState::kFailed,
                     std::string(NameOf(ItemCode::kRunAbandoned)), "a newer run was started"},
      0, stop_.get_token());
}

Status RunDesk::DropOldRuns() {
  const RunId newest = Current()->log().header().run_id;
  for (const auto& log : Logs()) {
    const RunId run_id = log->header().run_id;
    if (run_id == newest || log->acked() + 1 != log->next_sequence()) continue;
    RETURN_IF_ERROR(ports_.store.Drop(run_id));
  }
  return OkStatus();
}

// `ordered`: the server asks; it is answered even if there is nothing new to say.
Status RunDesk::ContinueRun(bool ordered) {
  const auto current = Current();
  const std::string command_id = current->log().header().command_id;
  if (current->State().outcome()) {
    // A repeat, or a crash between the run's end and the command's.
    ShowItems(current->State());
    ShowOutcome(current->State());
    const auto state = current->State().CommandStateOf(command_id);
    if (state == CommandState::kFailed || (state == CommandState::kDone && !ordered)) {
      return OkStatus();
    }
    return RecordCommand(command_id, CommandState::kDone);
  }
  RETURN_IF_ERROR(Accept(command_id));
  auto plan = ports_.codec.DecodePlan(current->log().header().plan);
  const Status checked = plan.ok() ? CheckPlan(*plan) : plan.status();
  if (!checked.ok()) return RefusePlan(command_id, checked);
  ports_.display.ShowActivity("Provisioning");
  std::stop_token stop;
  {
    const std::lock_guard lock(mutex_);
    // The desk may have been told to end between the start of this order and now.
    if (stop_.stop_requested()) run_stop_.request_stop();
    stop = run_stop_.get_token();
  }
  const RunnerPorts ports{ports_.executor, ports_.display, ports_.clock, settings_.agent_version,
                          settings_.boot_id};
  auto outcome = ExecutePlan(*plan, *current, ports, stop);
  // Cancelled by a newer run while the spool was full: that run's OpenRun records the end.
  if (outcome.status().code() == StatusCode::kCancelled) return OkStatus();
  RETURN_IF_ERROR(outcome.status());
  if (!*outcome) return OkStatus();
  ShowOutcome(current->State());
  return RecordCommand(command_id, CommandState::kDone);
}

Status RunDesk::RefusePlan(const std::string& command_id, const Status& why) {
  log::Error("plan refused", {{"error", ToString(why)}});
  const std::string message = EscapeForLog(MessageOf(why), kItemMessageBytesMax);
  RETURN_IF_ERROR(Record(RunStarted{settings_.agent_version, settings_.boot_id}));
  RETURN_IF_ERROR(Record(LogLine{"", "plan refused: " + message}));
  RETURN_IF_ERROR(
      RecordCommand(command_id, CommandState::kFailed, ItemCode::kPlanInvalid, message));
  RETURN_IF_ERROR(Record(RunFinished{RunOutcome::kFailed}));
  ports_.display.ShowResult({.outcome = ResultCard::Outcome::kFailed,
                             .title = "Plan refused",
                             .code = std::string(NameOf(ItemCode::kPlanInvalid)),
                             .message = message,
                             .remedy = std::string(RemedyOf(ItemCode::kPlanInvalid))});
  return OkStatus();
}

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
  const auto elapsed = ports_.clock.Steady() - run_began_;
  ports_.display.ShowItems(items, std::chrono::duration_cast<std::chrono::seconds>(elapsed));
}

void RunDesk::ShowOutcome(const RunState& state) {
  ResultCard card;
  card.elapsed =
      std::chrono::duration_cast<std::chrono::seconds>(ports_.clock.Steady() - run_began_);
  if (state.outcome() == RunOutcome::kSucceeded) {
    card.outcome = ResultCard::Outcome::kReadyToSeal;
    card.title = "Ready to seal";
    card.message = "Every blocking item is verified.";
    card.remedy = "Check the label, then reseal from the dashboard.";
  } else {
    card.title = "Provisioning failed";
    const auto entries = state.entries();
    const auto failed = std::find_if(entries.begin(), entries.end(), [](const auto& entry) {
      return entry.item.state == ItemState::kFailed && entry.item.gating == Gating::kBlocking;
    });
    if (failed != entries.end()) {
      card.code = failed->item.code;
      card.message = failed->item.display_name + ": " + failed->item.message;
    }
    for (const ItemCode code : kAllItemCodes) {
      if (NameOf(code) == card.code) card.remedy = std::string(RemedyOf(code));
    }
  }
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
