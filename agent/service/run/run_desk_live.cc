// SPDX-License-Identifier: Apache-2.0
// The part of RunDesk that acts while a run goes on: what it records, the engine sees at its next
// look.
#include <utility>

#include "agent/domain/engine/engine.h"
#include "agent/domain/engine/prompt_answer.h"
#include "agent/service/run/run_desk.h"
#include "common/base/limits.h"
#include "common/log/log.h"

namespace preseal::agent {
namespace {

template <typename LiveOrder>
const RunId* RunIdOf(const LiveOrder& order) {
  if constexpr (requires { order.run_id; }) {
    return &order.run_id;
  } else {
    return nullptr;
  }
}

const PromptStep* PromptOf(const Plan& plan, const std::string& item_id) {
  for (const Step& step : plan.steps) {
    if (step.item_id == item_id) return std::get_if<PromptStep>(&step.action);
  }
  return nullptr;
}

bool IsOpenPrompt(const RunState& state, const std::string& item_id) {
  const RunState::Entry* entry = state.Find(item_id);
  return entry != nullptr && !state.outcome() && state.AnswerTo(item_id) == nullptr &&
         entry->item.state == ItemState::kInProgress && entry->item.wait &&
         entry->item.wait->kind == Wait::Kind::kPrompt;
}

}  // namespace

Status RunDesk::ExecuteLive(const Order& order) {
  if (IsDone(order.command_id)) return OkStatus();
  const auto current = Current();
  if (!current && !std::holds_alternative<RestartOrder>(order.action)) {
    log::Warning("order for a run this disk does not know", {{"command", order.command_id}});
    return OkStatus();
  }
  RETURN_IF_ERROR(Accept(order.command_id));
  const RunId* run_id =
      std::visit([](const auto& action) { return RunIdOf(action); }, order.action);
  if (run_id != nullptr && *run_id != current->log().header().run_id) {
    return RecordCommand(order.command_id, CommandState::kFailed, ItemCode::kNoSuchItem,
                         "the device is in another run");
  }
  return std::visit([this, &order](const auto& action) { return Live(order.command_id, action); },
                    order.action);
}

Status RunDesk::FinishLive(RunRecorder& run, const std::string& command_id,
                           std::optional<ItemCode> refused) {
  const CommandState state = refused ? CommandState::kFailed : CommandState::kDone;
  const std::string text = refused ? std::string(RemedyOf(*refused)) : "";
  return run.Record(
      CommandChanged{command_id, state, refused ? std::string(NameOf(*refused)) : "", text},
      stop_.get_token());
}

Status RunDesk::Live(const std::string& command_id, const SetHoldOrder& order) {
  const auto run = Current();
  const auto change = [&order](const RunState& state) -> std::optional<Fact> {
    if (state.outcome() || state.held() == order.held) return std::nullopt;
    return Fact{HoldChanged{order.held, order.actor, order.reason}, {}};
  };
  RETURN_IF_ERROR(run->RecordIf(change, stop_.get_token()).status());
  if (!run->State().outcome()) {
    ports_.display.ShowActivity(order.held ? "On hold: " + order.reason : "Provisioning");
  }
  return FinishLive(*run, command_id, {});
}

Status RunDesk::Live(const std::string& command_id, const WaiveOrder& order) {
  const auto run = Current();
  const auto waive = [&order](const RunState& state) -> std::optional<Fact> {
    if (state.Find(order.item_id) == nullptr) return std::nullopt;
    return Fact{ItemWaived{order.item_id, order.actor, order.reason}, {}};
  };
  ASSIGN_OR_RETURN(const bool known, run->RecordIf(waive, stop_.get_token()));
  if (!known) return FinishLive(*run, command_id, ItemCode::kNoSuchItem);
  const auto heal = [&run](const RunState& state) { return HealedFact(run->plan(), state); };
  ASSIGN_OR_RETURN(const bool healed, run->RecordIf(heal, stop_.get_token()));
  if (healed) ShowOutcome(*run);
  return FinishLive(*run, command_id, {});
}

Status RunDesk::Live(const std::string& command_id, const AnswerPromptOrder& order) {
  const auto run = Current();
  ASSIGN_OR_RETURN(const AnswerTaken taken,
                   TakeAnswer(*run, {order.item_id, order.answer, order.actor}));
  const bool refused = taken != AnswerTaken::kTaken;
  return FinishLive(*run, command_id,
                    refused ? std::optional(ItemCode::kAnswerRefused) : std::nullopt);
}

// The extension is in the event that says the command is done: a crash before it repeats the order,
// one after it does not, and the deadline moves once.
Status RunDesk::Live(const std::string& command_id, const ExtendDeadlineOrder& order) {
  const auto run = Current();
  if (!order.item_id.empty() && run->State().Find(order.item_id) == nullptr) {
    return FinishLive(*run, command_id, ItemCode::kNoSuchItem);
  }
  Fact fact{CommandChanged{command_id, CommandState::kDone, "", ""}, {}};
  fact.memory.extended_item_id = order.item_id;
  fact.memory.extended_by = std::min<std::chrono::milliseconds>(order.by, kStepTimeoutMax);
  return run->Record(fact, stop_.get_token());
}

// Done before it happens: the next boot must not do it again.
Status RunDesk::Live(const std::string& command_id, const RestartOrder&) {
  const auto run = Current();
  if (!run || run->State().outcome() || !run->State().started()) {
    RETURN_IF_ERROR(RecordCommand(command_id, CommandState::kDone));
    {
      const std::lock_guard lock(mutex_);
      restart_without_run_ = true;
    }
    ports_.signal.Notify();
    return OkStatus();
  }
  RETURN_IF_ERROR(FinishLive(*run, command_id, {}));
  RunInterrupted interrupted{.boot_id = settings_.boot_id};
  interrupted.back_within = kRebootWithinDefault;
  return run->Record(interrupted, stop_.get_token());
}

StatusOr<AnswerTaken> RunDesk::TakeAnswer(RunRecorder& run, const PromptAnswered& answered) {
  const PromptStep* prompt = PromptOf(run.plan(), answered.item_id);
  if (prompt == nullptr) return AnswerTaken::kNotAsked;
  if (!TakesAnswer(*prompt, answered.answer)) {
    return IsOpenPrompt(run.State(), answered.item_id) ? AnswerTaken::kRefused
                                                       : AnswerTaken::kNotAsked;
  }
  const auto take = [&answered](const RunState& state) -> std::optional<Fact> {
    if (!IsOpenPrompt(state, answered.item_id)) return std::nullopt;
    return Fact{answered, {}};
  };
  ASSIGN_OR_RETURN(const bool first, run.RecordIf(take, stop_.get_token()));
  return first ? AnswerTaken::kTaken : AnswerTaken::kNotAsked;
}

AnswerTaken RunDesk::AnswerPrompt(const std::string& item_id, const std::string& answer) {
  const auto run = Current();
  if (!run) return AnswerTaken::kNotAsked;
  const auto taken = TakeAnswer(*run, {item_id, answer, "device"});
  if (taken.ok()) return *taken;
  if (taken.status().code() != StatusCode::kCancelled) Fail(taken.status());
  return AnswerTaken::kNotAsked;
}

std::vector<OpenPrompt> RunDesk::OpenPrompts() const {
  std::vector<OpenPrompt> open;
  const auto run = Current();
  if (!run) return open;
  const RunState state = run->State();
  for (const Step& step : run->plan().steps) {
    const auto* prompt = std::get_if<PromptStep>(&step.action);
    if (prompt && IsOpenPrompt(state, step.item_id)) open.push_back({step.item_id, *prompt});
  }
  return open;
}

std::optional<RestartRequest> RunDesk::RestartWanted() const {
  {
    const std::lock_guard lock(mutex_);
    if (restart_without_run_) return RestartRequest{};
  }
  const auto run = Current();
  if (!run) return std::nullopt;
  const auto interrupted = run->interrupted();
  const RunState state = run->State();
  if (!interrupted || !state.interruption()) return std::nullopt;
  const bool acked = run->log().acked() >= interrupted->sequence;
  const bool waited = ports_.clock.Steady() - interrupted->at >= kRebootAckWithin;
  if (!acked && !waited) return std::nullopt;
  return RestartRequest{state.interruption()->body.item_id};
}

void RunDesk::RestartRefused(std::string_view why) {
  {
    const std::lock_guard lock(mutex_);
    restart_without_run_ = false;
  }
  const auto run = Current();
  if (!run || !run->State().interruption()) return;
  for (const Fact& fact : RestartRefusedFacts(run->plan(), run->State(), why)) {
    const Status status = run->Record(fact, stop_.get_token());
    if (status.ok()) continue;
    if (status.code() != StatusCode::kCancelled) Fail(status);
    return;
  }
}

Status RunDesk::ExecuteDiagnostics(const std::string& command_id) {
  if (IsDone(command_id)) return OkStatus();
  RETURN_IF_ERROR(Accept(command_id));
  const Status collected = ports_.diagnostics
                               ? ports_.diagnostics->Collect(command_id, stop_.get_token())
                               : Unimplemented("this agent collects no diagnostics");
  if (collected.ok()) return RecordCommand(command_id, CommandState::kDone);
  // Stopped: the next desk is ordered again.
  if (collected.code() == StatusCode::kCancelled) return collected;
  log::Warning("diagnostics failed", {{"error", ToString(collected)}});
  return RecordCommand(command_id, CommandState::kFailed, ItemCode::kDiagnosticsFailed,
                       MessageOf(collected));
}

}  // namespace preseal::agent
