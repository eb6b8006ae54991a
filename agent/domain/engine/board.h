// SPDX-License-Identifier: Apache-2.0
// Questions about a plan and where its run stands. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/domain/item_code.h"
#include "agent/domain/plan.h"
#include "agent/domain/run_state.h"

namespace preseal::agent {

// Plan and state side by side, as they are when it is made; `state` was made from `plan`, so an
// index names both a step and its item. Borrows both. An item is
//   ended    succeeded, failed or not required
//   settled  ended well, or waived by name: it holds nothing up
//   closed   ended, or will never start (its run is stopping, its group was left)
class Board {
 public:
  Board(const Plan& plan, const RunState& state);

  const Plan& plan() const { return plan_; }
  const RunState& state() const { return state_; }
  size_t size() const { return state_.entries().size(); }
  const Step& step(size_t index) const { return plan_.steps[index]; }
  const RunState::Entry& entry(size_t index) const { return state_.entries()[index]; }
  const StepGroup* GroupOf(size_t index) const { return groups_[index]; }

  bool Started(size_t index) const { return entry(index).item.state != ItemState::kNotStarted; }
  bool Ended(size_t index) const;
  bool Settled(size_t index) const;
  // Failed, and nobody let it pass.
  bool Failed(size_t index) const;
  bool Closed(size_t index) const { return closed_[index]; }
  bool Teardown(size_t index) const { return groups_[index] && groups_[index]->teardown; }
  bool Background(size_t index) const { return step(index).gating == Gating::kBackground; }
  // Neither teardown nor background: what the run is about.
  bool Main(size_t index) const { return !Teardown(index) && !Background(index); }
  bool WaitsFor(size_t index, Wait::Kind kind) const;
  // Waits for a restart that has not happened: at once (its state is IN_PROGRESS), or the one at
  // the end of the phase (VERIFYING).
  bool WaitsForRestart(size_t index) const;

  // A failure ends the run, or the device restarts by itself in a loop: nothing but teardown is
  // started any more.
  bool Stopping() const { return stopping_; }
  bool RestartLoop() const;
  bool GroupLeft(const std::string& name) const { return left_groups_.contains(name); }
  bool MainClosed() const;
  bool TeardownClosed() const;
  // Every main item of an earlier phase is closed.
  bool PhaseOpen(Phase phase) const { return phase <= open_phase_; }
  // Items in the way of `index`: `after` of the step and of its group, and its group's (or, outside
  // of groups, the plan's) max_in_flight.
  bool PredecessorsClosed(size_t index) const;
  bool PredecessorFailed(size_t index) const;
  bool HasRoom(size_t index) const;
  // How many items of its lane may be worked on at once, at most kStepsInFlightMax. A lane is a
  // group, or all main items outside of groups, or all background items there.
  uint32_t MaxInFlight(size_t index) const;
  bool SameLane(size_t one, size_t other) const;

  uint32_t AttemptsAllowed(size_t index) const;
  // The device's restarts allow one more for the step.
  bool MayRestart(size_t index) const;

  struct Deadline {
    std::chrono::milliseconds at{0};  // active time
    ItemCode code = ItemCode::kRunTimeout;
  };
  // The first of the deadlines an item that has not ended runs into; nothing if it has none.
  std::optional<Deadline> DeadlineOf(size_t index) const;

 private:
  bool EndsRun(size_t index) const;
  bool LooksClosed(size_t index) const;
  bool NameClosed(const std::string& item_or_group) const;
  bool NameFailed(const std::string& item_or_group) const;
  std::optional<std::chrono::milliseconds> PhaseBegan(Phase phase) const;
  std::optional<std::chrono::milliseconds> TeardownBegan() const;

  const Plan& plan_;
  const RunState& state_;
  std::vector<const StepGroup*> groups_;  // of each step; null: none
  bool stopping_ = false;
  std::set<std::string> left_groups_;
  std::vector<bool> closed_;
  Phase open_phase_ = Phase::kAccountSetup;  // the last one that is
};

// How a run ends once nothing is left to do: FAILED if a blocking item is neither verified, nor not
// required, nor waived, or if a step said that nothing can help.
RunOutcome OutcomeOf(const Plan& plan, const RunState& state);

}  // namespace preseal::agent
