// SPDX-License-Identifier: Apache-2.0
// The part of RunDesk that opens, continues and ends runs.
#include <algorithm>
#include <utility>

#include "agent/domain/engine/engine.h"
#include "agent/domain/plan_check.h"
#include "agent/service/run/run_desk.h"
#include "agent/service/run/runner.h"
#include "common/base/limits.h"
#include "common/log/log.h"

namespace preseal::agent {
namespace {

// Undo commands speak into the run's log.
class UndoObserver final : public StepObserver {
 public:
  UndoObserver(RunRecorder& run, std::string item_id, std::stop_token stop)
      : run_(run), item_id_(std::move(item_id)), stop_(std::move(stop)) {}
  void OnLine(std::string_view line) override {
    const Status status =
        run_.Record(LogLine{item_id_, EscapeForLog(line, kLogLineBytesMax)}, stop_);
    if (!status.ok()) log::Warning("cannot record a line", {{"error", ToString(status)}});
  }
  void OnPercent(uint32_t) override {}
  void OnCount(uint64_t, uint64_t) override {}

 private:
  RunRecorder& run_;
  const std::string item_id_;
  const std::stop_token stop_;
};

bool TimedOut(const RunState& state) {
  return std::any_of(state.entries().begin(), state.entries().end(), [](const auto& entry) {
    return entry.item.code == NameOf(ItemCode::kRunTimeout);
  });
}

}  // namespace

Status RunDesk::ContinueOpenRun() {
  const auto current = Current();
  if (!current || current->log().header().plan.empty()) return OkStatus();
  return ContinueRun(/*ordered=*/false);
}

Status RunDesk::ExecuteStart(const std::string& command_id, const StartRunOrder& order) {
  const auto current = Current();
  if (current && order.run_id.attempt() < current->log().header().run_id.attempt()) {
    return RefuseOldRun(command_id, order);
  }
  RETURN_IF_ERROR(OpenRun({order.run_id, command_id, order.plan}));
  return ContinueRun(/*ordered=*/true);
}

// Makes the run current, new or known. A bad plan makes a run without items, which ContinueRun
// refuses.
Status RunDesk::OpenRun(const RunHeader& header) {
  const auto current = Current();
  if (current && current->log().header().run_id == header.run_id) return OkStatus();
  RETURN_IF_ERROR(AbandonOpenRun("a newer run was started"));
  ASSIGN_OR_RETURN(auto log, ports_.store.Begin(header));
  Plan plan = ports_.codec.DecodePlan(log->header().plan).value_or(Plan{});
  ASSIGN_OR_RETURN(auto recorder, RunRecorder::Open(log, std::move(plan), PortsOfRecorder()));
  {
    const std::lock_guard lock(mutex_);
    current_ = std::move(recorder);
  }
  return DropOldRuns();
}

Status RunDesk::AbandonOpenRun(std::string_view why) {
  const auto current = Current();
  if (!current || current->State().outcome() || current->log().header().plan.empty()) {
    return OkStatus();
  }
  log::Info("run abandoned",
            {{"run", current->log().header().run_id.text()}, {"why", std::string(why)}});
  RETURN_IF_ERROR(RecordCommand(current->log().header().command_id, CommandState::kFailed,
                                ItemCode::kRunAbandoned, why));
  return Record(RunFinished{RunOutcome::kAbandoned});
}

// The server repeats a StartRun until it hears of its end; this one was overtaken.
Status RunDesk::RefuseOldRun(const std::string& command_id, const StartRunOrder& order) {
  ASSIGN_OR_RETURN(auto log, ports_.store.Begin({order.run_id, command_id, order.plan}));
  ASSIGN_OR_RETURN(auto recorder, RunRecorder::Open(log, Plan{}, PortsOfRecorder()));
  return recorder->Record(
      CommandChanged{command_id, CommandState::kFailed,
                     std::string(NameOf(ItemCode::kRunAbandoned)), "a newer run was started"},
      stop_.get_token());
}

Status RunDesk::DropOldRuns() {
  const RunId newest = Current()->log().header().run_id;
  for (const auto& log : Logs()) {
    const RunId run_id = log->header().run_id;
    if (run_id == newest || !log->AckedWhole()) continue;
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
    ShowOutcome(*current);
    const auto state = current->State().CommandStateOf(command_id);
    if (state == CommandState::kFailed || (state == CommandState::kDone && !ordered)) {
      return OkStatus();
    }
    return RecordCommand(command_id, CommandState::kDone);
  }
  RETURN_IF_ERROR(Accept(command_id));
  const auto plan = ports_.codec.DecodePlan(current->log().header().plan);
  const Status checked = plan.ok() ? CheckPlan(*plan) : plan.status();
  if (!checked.ok()) return RefusePlan(command_id, checked);
  ports_.display.ShowActivity("Provisioning");
  return CarryOutPlan();
}

Status RunDesk::CarryOutPlan() {
  const auto current = Current();
  std::stop_token stop;
  {
    const std::lock_guard lock(mutex_);
    run_stop_ = std::stop_source();
    // The desk may have been told to end between the start of this order and now.
    if (stop_.stop_requested()) run_stop_.request_stop();
    stop = run_stop_.get_token();
  }
  // What was submitted before the line above did not stop this run; what comes later does.
  if (main_.AnyWaits([this](const Order& order) { return EndsCurrentRun(order); })) {
    return OkStatus();
  }
  const RunnerPorts ports{ports_.executor, ports_.display,          ports_.clock,     ports_.signal,
                          ports_.tokens,   settings_.agent_version, settings_.boot_id};
  const auto outcome = ExecutePlan(*current, ports, stop);
  // Cancelled by a newer run while the spool was full: that run's OpenRun records the end.
  if (outcome.status().code() == StatusCode::kCancelled) return OkStatus();
  RETURN_IF_ERROR(outcome.status());
  if (!*outcome) return OkStatus();
  ShowOutcome(*current);
  return RecordCommand(current->log().header().command_id, CommandState::kDone);
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

// The user, or a lead, goes on past an error: what is open ends, the outcome stays what it is.
Status RunDesk::ExecuteContinue(const std::string& command_id, const ContinueAnywayOrder& order) {
  if (IsDone(command_id)) return OkStatus();
  const auto current = Current();
  if (!current || current->log().header().run_id != order.run_id) {
    return RecordCommand(command_id, CommandState::kFailed, ItemCode::kNoSuchItem,
                         "the device is in another run");
  }
  RETURN_IF_ERROR(Accept(command_id));
  const RunState state = current->State();
  const bool was_open = !state.outcome();
  if (state.outcome() != RunOutcome::kSucceeded) {
    const RunFinished finished{.outcome = OutcomeOf(current->plan(), state),
                               .timed_out = TimedOut(state),
                               .continued = true};
    for (const Fact& fact : EndFacts(state, finished)) {
      RETURN_IF_ERROR(current->Record(fact, stop_.get_token()));
    }
  }
  if (was_open) {
    RETURN_IF_ERROR(RecordCommand(current->log().header().command_id, CommandState::kDone));
  }
  RETURN_IF_ERROR(RecordCommand(command_id, CommandState::kDone));
  ShowOutcome(*current);
  return OkStatus();
}

// Start over: the run ends, what declares a way back is undone, the identity stays.
Status RunDesk::ExecuteReset(const std::string& command_id) {
  if (IsDone(command_id)) return OkStatus();
  RETURN_IF_ERROR(Accept(command_id));
  RETURN_IF_ERROR(AbandonOpenRun("the device was reset"));
  ports_.display.ShowActivity("Resetting");
  const Status reverted = RevertSteps();
  if (reverted.code() == StatusCode::kFailedPrecondition) {
    return RecordCommand(command_id, CommandState::kFailed, ItemCode::kUndoFailed,
                         MessageOf(reverted));
  }
  RETURN_IF_ERROR(reverted);
  ports_.display.ShowActivity("Waiting for start");
  return RecordCommand(command_id, CommandState::kDone);
}

// In the reverse order of the plan. FailedPrecondition: a step could not be undone.
Status RunDesk::RevertSteps() {
  const auto current = Current();
  if (!current) return OkStatus();
  const auto& steps = current->plan().steps;
  for (size_t i = steps.size(); i > 0; --i) {
    const Step& step = steps[i - 1];
    const RunState state = current->State();
    const bool started = state.entries()[i - 1].item.state != ItemState::kNotStarted;
    if (step.undo != Undo::kCommand || !started) continue;
    UndoObserver observer(*current, step.item_id, stop_.get_token());
    const StepResult result = ports_.executor.Revert(step, observer, stop_.get_token());
    if (result.kind == StepResult::Kind::kStopped) return Cancelled("stopped while undoing");
    if (result.kind != StepResult::Kind::kDone) {
      return FailedPrecondition(step.item_id + ": " + result.message);
    }
  }
  return OkStatus();
}

}  // namespace preseal::agent
