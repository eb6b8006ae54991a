// SPDX-License-Identifier: Apache-2.0
// What to do next: the rules of the run.
#include <algorithm>

#include "agent/domain/engine/decider.h"
#include "agent/domain/engine/pauses.h"
#include "common/base/limits.h"

namespace preseal::agent {
namespace {

std::string TextOfDeadline(ItemCode code) {
  switch (code) {
    case ItemCode::kStepTotalTimeout:
      return "all attempts and pauses together took too long";
    case ItemCode::kPhaseTimeout:
      return "the phase's deadline passed";
    default:
      return "the run's deadline passed";
  }
}

Move HaltCall(size_t index, std::optional<ItemCode> why) {
  Move move;
  move.halt = Move::Halt{index, why};
  return move;
}

}  // namespace

Move Record(Fact fact) {
  Move move;
  move.facts.push_back(std::move(fact));
  return move;
}

Decider::Decider(const Plan& plan, const RunState& state, const Inputs& inputs, milliseconds now)
    : plan_(plan),
      state_(state),
      inputs_(inputs),
      now_(now),
      active_(state.ActiveAt(now)),
      board_(plan, state) {
  for (size_t i = 0; i < board_.size(); ++i) {
    if (Running(i)) ++running_;
    if (board_.WaitsForRestart(i) && entry(i).item.state == ItemState::kInProgress) {
      restart_at_once_ = true;
    }
  }
}

Decision Decider::Decide() {
  if (!state_.started() || state_.outcome()) return {};
  if (state_.interruption()) return {AwaitRestart(), wake_};
  if (state_.held()) return {};
  using Rule = MaybeMove (Decider::*)();
  static constexpr Rule kRules[] = {
      &Decider::HoldAfterFailure, &Decider::EndRestartLoop, &Decider::WatchCalls,
      &Decider::EnforceDeadlines, &Decider::EndLeftovers,   &Decider::AdvanceItems,
      &Decider::StartItems,       &Decider::Restart,        &Decider::EndBackground,
      &Decider::Finish,           &Decider::Unstick,
  };
  for (const Rule rule : kRules) {
    if (MaybeMove move = (this->*rule)()) return {std::move(move), {}};
  }
  return {{}, wake_};
}

// The device goes down at any moment, on purpose: nothing may be in the middle of its work. If it
// does not, what waits for the restart has waited in vain.
Decider::MaybeMove Decider::AwaitRestart() {
  const RunState::Interruption& interruption = *state_.interruption();
  const milliseconds end = interruption.at + interruption.body.back_within;
  if (now_ >= end) {
    Move move;
    move.facts = RestartRefusedFacts(plan_, state_, "the device was not restarted in time");
    return move;
  }
  for (const auto& [index, live] : inputs_.live) {
    if (live.running && !live.halted) return HaltCall(index, {});
  }
  WakeAt(end);
  return std::nullopt;
}

Decider::MaybeMove Decider::HoldAfterFailure() {
  for (size_t i = 0; i < board_.size(); ++i) {
    const StepGroup* group = board_.GroupOf(i);
    if (group == nullptr || group->teardown || !board_.Failed(i) || entry(i).hold_seen) continue;
    if (group->on_failure != StepGroup::OnFailure::kHold) continue;
    return Record({HoldChanged{true, "preseal", "item " + entry(i).item.item_id + " failed"}, {}});
  }
  return std::nullopt;
}

// What was at work when the device restarted once too often is what restarts it, as far as anybody
// can tell.
Decider::MaybeMove Decider::EndRestartLoop() {
  if (!board_.RestartLoop()) return std::nullopt;
  for (size_t i = 0; i < board_.size(); ++i) {
    if (!InFlight(i) || Running(i) || !entry(i).restarted) continue;
    return Record(FailedFact(entry(i), ItemCode::kRebootUnplanned,
                             "the device restarted by itself too often in this run"));
  }
  return std::nullopt;
}

Decider::MaybeMove Decider::WatchCalls() {
  for (const auto& [index, live] : inputs_.live) {
    if (!live.running || live.halted) continue;
    if (MaybeMove move = WatchCall(index, live)) return move;
  }
  return std::nullopt;
}

Decider::MaybeMove Decider::WatchCall(size_t index, const Live& live) {
  const auto deadline = board_.DeadlineOf(index);
  if (deadline && Reached(deadline->at)) return HaltCall(index, deadline->code);
  const milliseconds patience = board_.step(index).stall_timeout;
  if (patience.count() == 0) return std::nullopt;
  if (Reached(live.active_at + patience)) {
    return HaltCall(index, ItemCode::kStepStalled);
  }
  const bool stalled = Reached(live.active_at + patience / 2);
  if (stalled == entry(index).item.stalled) return std::nullopt;
  Fact fact = FactOf(entry(index));
  std::get<ItemChanged>(fact.body).stalled = stalled;
  return Record(std::move(fact));
}

Decider::MaybeMove Decider::EnforceDeadlines() {
  for (size_t i = 0; i < board_.size(); ++i) {
    if (board_.Closed(i) || Running(i)) continue;
    const auto deadline = board_.DeadlineOf(i);
    if (!deadline || !Reached(deadline->at)) continue;
    return Record(FailUnended(i, deadline->code, TextOfDeadline(deadline->code)));
  }
  return std::nullopt;
}

// A run that stops lets calls come to their end, and what they did be verified; pauses, questions
// and queues it does not wait for.
Decider::MaybeMove Decider::EndLeftovers() {
  if (!board_.Stopping()) return std::nullopt;
  for (size_t i = 0; i < board_.size(); ++i) {
    if (!InFlight(i) || Running(i) || board_.Teardown(i)) continue;
    const bool to_verify =
        entry(i).item.state == ItemState::kVerifying && !board_.WaitsForRestart(i);
    if (to_verify) continue;
    return Record(FailedFact(entry(i), ItemCode::kRunEnded, "the run ended before this item did"));
  }
  return std::nullopt;
}

Decider::MaybeMove Decider::AdvanceItems() {
  for (size_t i = 0; i < board_.size(); ++i) {
    if (!InFlight(i) || Running(i)) continue;
    if (MaybeMove move = Advance(i)) return move;
  }
  return std::nullopt;
}

bool Decider::MayStart(size_t index) {
  if (board_.Started(index) || board_.Closed(index)) return false;
  if (!board_.Teardown(index) && !board_.PhaseOpen(board_.step(index).phase)) return false;
  if (board_.Teardown(index) || board_.Background(index)) {
    const bool closing = board_.MainClosed();
    if (board_.Teardown(index) && !closing) return false;
    if (!board_.Teardown(index) && closing && active_ >= GraceEnd()) return false;
  }
  if (board_.Teardown(index)) {
    for (size_t i = 0; i < board_.size(); ++i) {
      if (!board_.Teardown(i) && InFlight(i)) return false;
    }
  }
  return board_.HasRoom(index) && board_.PredecessorsClosed(index);
}

Decider::MaybeMove Decider::StartItems() {
  if (restart_at_once_) return std::nullopt;
  for (size_t i = 0; i < board_.size(); ++i) {
    if (!MayStart(i)) continue;
    if (!board_.Teardown(i) && board_.PredecessorFailed(i)) {
      return Record(FailUnended(i, ItemCode::kPreviousFailed, "an item it comes after failed"));
    }
    // Its first call needs a place; what was recorded without one would sit on "identifying".
    if (running_ >= kStepsInFlightMax) return std::nullopt;
    Fact fact = FactOf(entry(i), ItemState::kIdentifying);
    fact.memory.began = active_;
    return Record(std::move(fact));
  }
  return std::nullopt;
}

bool Decider::NothingButParked() const {
  bool parked = false;
  for (size_t i = 0; i < board_.size(); ++i) {
    if (!InFlight(i)) continue;
    if (!board_.WaitsForRestart(i)) return false;
    parked = true;
  }
  return parked;
}

// One restart serves all that wait for one: at once as soon as no call runs, or at the end of the
// phase, when nothing else is left that could be done without it.
Decider::MaybeMove Decider::Restart() {
  if (running_ > 0 || (!restart_at_once_ && !NothingButParked())) return std::nullopt;
  RunInterrupted interrupted{.item_id = "", .boot_id = state_.boot_id(), .back_within = {}};
  for (size_t i = 0; i < board_.size(); ++i) {
    if (!board_.WaitsForRestart(i)) continue;
    const bool at_once = entry(i).item.state == ItemState::kInProgress;
    if (at_once && interrupted.item_id.empty()) interrupted.item_id = entry(i).item.item_id;
    interrupted.back_within = std::max(interrupted.back_within, RestartWithin(board_.step(i)));
  }
  return Record({std::move(interrupted), {}});
}

// Background items do not hold the end of the run: a short grace, then they are stopped.
Decider::MaybeMove Decider::EndBackground() {
  if (!board_.MainClosed()) return std::nullopt;
  for (size_t i = 0; i < board_.size(); ++i) {
    if (!board_.Background(i) || board_.Teardown(i) || !InFlight(i)) continue;
    if (!Reached(GraceEnd())) return std::nullopt;
    const Live* live = LiveOf(i);
    if (live == nullptr || !live->running) {
      return Record(FailedFact(entry(i), ItemCode::kRunEnded, "the run ended before it did"));
    }
    if (!live->halted) return HaltCall(i, ItemCode::kRunEnded);
  }
  return std::nullopt;
}

Decider::MaybeMove Decider::Finish() {
  if (!board_.MainClosed() || !board_.TeardownClosed()) return std::nullopt;
  RunFinished finished{.outcome = OutcomeOf(plan_, state_)};
  for (size_t i = 0; i < board_.size(); ++i) {
    if (InFlight(i)) return std::nullopt;
    if (entry(i).item.code == NameOf(ItemCode::kRunTimeout)) finished.timed_out = true;
  }
  return Record({finished, {}});
}

// CheckPlan refuses plans in which something can never start; one that slips through must not sit
// there for ever.
Decider::MaybeMove Decider::Unstick() {
  if (running_ > 0 || wake_) return std::nullopt;
  for (size_t i = 0; i < board_.size(); ++i) {
    if (board_.Closed(i) || board_.Started(i)) continue;
    return Record(FailUnended(i, ItemCode::kPlanInvalid, "it can never start"));
  }
  return std::nullopt;
}

// One that never started begins and ends now: it must not date its phase back.
Fact Decider::FailUnended(size_t index, ItemCode code, std::string message) const {
  Fact fact = FailedFact(entry(index), code, std::move(message));
  if (!board_.Started(index)) fact.memory.began = active_;
  return fact;
}

const Live* Decider::LiveOf(size_t index) const {
  const auto found = inputs_.live.find(index);
  return found == inputs_.live.end() ? nullptr : &found->second;
}

bool Decider::Running(size_t index) const {
  const Live* live = LiveOf(index);
  return live != nullptr && live->running;
}

Decider::milliseconds Decider::GraceEnd() const {
  milliseconds end{0};
  for (size_t i = 0; i < board_.size(); ++i) {
    if (board_.Main(i)) end = std::max(end, entry(i).changed);
  }
  return end + kBackgroundGrace;
}

bool Decider::Reached(milliseconds active) {
  if (active_ >= active) return true;
  WakeAt(now_ + (active - active_));
  return false;
}

void Decider::WakeAt(milliseconds run_time) {
  wake_ = wake_ ? std::min(*wake_, run_time) : run_time;
}

Decision Next(const Plan& plan, const RunState& state, const Inputs& inputs,
              std::chrono::milliseconds now) {
  return Decider(plan, state, inputs, now).Decide();
}

}  // namespace preseal::agent
