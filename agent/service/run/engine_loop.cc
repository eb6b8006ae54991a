// SPDX-License-Identifier: Apache-2.0
#include "agent/service/run/engine_loop.h"

#include <utility>
#include <vector>

#include "agent/domain/engine/board.h"
#include "common/base/limits.h"

namespace preseal::agent {

EngineLoop::EngineLoop(RunRecorder& recorder, const RunnerPorts& ports, std::stop_token stop)
    : recorder_(recorder), ports_(ports), stop_(std::move(stop)) {}

EngineLoop::~EngineLoop() {
  for (const auto& [index, call] : calls_) call->Halt();
  calls_.clear();
  for (const auto& [token, item_id] : wanted_) ports_.tokens->Release(token, item_id);
}

StatusOr<std::optional<RunOutcome>> EngineLoop::Run() {
  RETURN_IF_ERROR(Begin());
  while (true) {
    const uint64_t seen = ports_.signal.version();
    if (stop_.stop_requested()) {
      RETURN_IF_ERROR(StopCalls());
      return recorder_.State().outcome();
    }
    ASSIGN_OR_RETURN(const bool took, TakeResults());
    if (took) continue;
    SyncTokens();
    const RunState state = recorder_.State();
    if (state.outcome() && calls_.empty()) return state.outcome();
    const Decision decision = Next(recorder_.plan(), state, LookAround(), recorder_.Now());
    if (decision.move) {
      RETURN_IF_ERROR(Make(*decision.move, state));
    } else {
      Sleep(seen, decision.wake);
    }
  }
}

Status EngineLoop::Begin() {
  const RunState state = recorder_.State();
  if (!state.started()) {
    return recorder_.Record(RunStarted{ports_.agent_version, ports_.boot_id}, stop_);
  }
  if (state.outcome()) return OkStatus();
  return recorder_.Record(ResumeFact(state, ports_.boot_id, recorder_.came_back_late()), stop_);
}

StatusOr<bool> EngineLoop::TakeResults() {
  std::vector<size_t> ended;
  for (const auto& [index, call] : calls_) {
    if (call->result()) ended.push_back(index);
  }
  for (const size_t index : ended) RETURN_IF_ERROR(TakeResult(index));
  return !ended.empty();
}

Status EngineLoop::TakeResult(size_t index) {
  const auto call = std::move(calls_.extract(index).mapped());
  const Live live = inputs_.live.extract(index).mapped();
  // A line that was not recorded because its call was stopped is no loss of the run.
  const Status recording = call->recording();
  if (!recording.ok() && recording.code() != StatusCode::kCancelled) return recording;
  const Conclusion conclusion =
      Conclude(recorder_.plan(), recorder_.State(), index, live, *call->result());
  RETURN_IF_ERROR(Record(conclusion.facts));
  if (conclusion.next) inputs_.live[index] = Live{.part = *conclusion.next};
  return OkStatus();
}

Status EngineLoop::Make(const Move& move, const RunState& decided_on) {
  ASSIGN_OR_RETURN(const bool recorded, RecordUnlessOvertaken(move.facts, decided_on));
  if (!recorded) return OkStatus();
  if (move.halt) {
    Live& live = inputs_.live.at(move.halt->index);
    live.halted = true;
    live.why = move.halt->why;
    calls_.at(move.halt->index)->Halt();
  }
  if (move.begin) {
    const size_t index = move.begin->index;
    inputs_.live[index] = Live{.part = move.begin->part, .running = true};
    calls_[index] = std::make_unique<StepCall>(
        CallPorts{ports_.executor, recorder_, ports_.display, ports_.clock, ports_.signal},
        StepToExecute(recorder_.plan(), recorder_.State(), index), move.begin->part);
  }
  return OkStatus();
}

// A hold, a restart or an end that came while the move was thought out makes it another move: false
// then, and it is thought out again.
StatusOr<bool> EngineLoop::RecordUnlessOvertaken(const std::vector<Fact>& facts,
                                                 const RunState& decided_on) {
  for (const Fact& fact : facts) {
    const auto unless = [&fact, &decided_on](const RunState& state) {
      const bool same = state.held() == decided_on.held() &&
                        state.interruption() == decided_on.interruption() &&
                        state.outcome() == decided_on.outcome();
      return same ? std::optional(fact) : std::nullopt;
    };
    // Of the facts of one move none of the first changes what is compared.
    ASSIGN_OR_RETURN(const bool recorded, recorder_.RecordIf(unless, stop_));
    if (!recorded) return false;
  }
  return true;
}

Status EngineLoop::Record(const std::vector<Fact>& facts) {
  for (const Fact& fact : facts) RETURN_IF_ERROR(recorder_.Record(fact, stop_));
  return OkStatus();
}

// What had ended by itself is not lost; the rest is taken up again by the next loop.
Status EngineLoop::StopCalls() {
  for (const auto& [index, call] : calls_) call->Halt();
  while (!calls_.empty()) {
    const uint64_t seen = ports_.signal.version();
    const auto took = TakeResults();
    // Recording is given up when the spool is full; the calls must end all the same.
    if (!took.ok()) return took.status();
    if (!*took) ports_.signal.WaitBeyond(seen, ports_.clock.Steady() + kSpoolFullRetry);
  }
  return OkStatus();
}

Inputs EngineLoop::LookAround() {
  for (const auto& [index, call] : calls_) inputs_.live.at(index).active_at = call->active_at();
  inputs_.tokens.clear();
  const auto& steps = recorder_.plan().steps;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].token.empty()) continue;
    if (ports_.tokens == nullptr) {
      inputs_.tokens[i] = {.granted = true};
    } else if (wanted_.contains({steps[i].token, steps[i].item_id})) {
      const auto standing = ports_.tokens->Look(steps[i].token, steps[i].item_id);
      inputs_.tokens[i] = {standing.granted, standing.place};
    }
  }
  return inputs_;
}

void EngineLoop::SyncTokens() {
  if (ports_.tokens == nullptr) return;
  auto needed = TokensNeeded(recorder_.plan(), recorder_.State(), inputs_);
  for (const auto& token : wanted_) {
    if (!needed.contains(token)) ports_.tokens->Release(token.first, token.second);
  }
  for (const auto& token : needed) {
    if (!wanted_.contains(token)) ports_.tokens->Want(token.first, token.second);
  }
  wanted_ = std::move(needed);
}

void EngineLoop::Sleep(uint64_t seen, const std::optional<std::chrono::milliseconds>& wake) {
  // Without a deadline only a change can bring news; the hour is for none in particular.
  auto until = ports_.clock.Steady() + std::chrono::hours(1);
  if (wake) until = std::min(until, recorder_.run_clock().TimeOf(*wake));
  ports_.signal.WaitBeyond(seen, until, stop_);
}

}  // namespace preseal::agent
