// SPDX-License-Identifier: Apache-2.0
// Inside agent/domain/engine only.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "agent/domain/engine/board.h"
#include "agent/domain/engine/engine.h"

namespace preseal::agent {

// The rules behind Next, asked one after the other; the first that has a move makes it. For one
// question.
class Decider {
 public:
  Decider(const Plan& plan, const RunState& state, const Inputs& inputs,
          std::chrono::milliseconds now);
  Decision Decide();

 private:
  using milliseconds = std::chrono::milliseconds;
  using MaybeMove = std::optional<Move>;

  // Of the run (next.cc).
  MaybeMove AwaitRestart();
  MaybeMove HoldAfterFailure();
  MaybeMove EndRestartLoop();
  MaybeMove WatchCalls();
  MaybeMove WatchCall(size_t index, const Live& live);
  MaybeMove EnforceDeadlines();
  MaybeMove EndLeftovers();
  MaybeMove AdvanceItems();
  MaybeMove StartItems();
  MaybeMove Restart();
  MaybeMove EndBackground();
  MaybeMove Finish();
  MaybeMove Unstick();
  bool MayStart(size_t index);
  bool NothingButParked() const;
  Fact FailUnended(size_t index, ItemCode code, std::string message) const;

  // Of one item that has begun, not ended, and has no call running (advance.cc).
  MaybeMove Advance(size_t index);
  MaybeMove AdvanceIdentifying(size_t index);
  MaybeMove AdvanceWaiting(size_t index);
  MaybeMove AdvancePrompt(size_t index);
  MaybeMove AdvanceTimed(size_t index);
  MaybeMove AfterRestart(size_t index);
  MaybeMove Recheck(size_t index);
  MaybeMove TryApply(size_t index);
  MaybeMove AwaitToken(size_t index);
  MaybeMove AwaitInstaller(size_t index);
  MaybeMove DoOwnWork(size_t index);
  MaybeMove RequestRestart(size_t index);
  MaybeMove BeginApply(size_t index, bool counts);
  MaybeMove Begin(size_t index, Part part, std::vector<Fact> facts = {});

  const RunState::Entry& entry(size_t index) const { return board_.entry(index); }
  const Live* LiveOf(size_t index) const;
  bool Running(size_t index) const;
  bool InFlight(size_t index) const { return board_.Started(index) && !board_.Ended(index); }
  uint32_t CallsBeside(size_t index) const;
  std::optional<size_t> InstallerHolder() const;
  milliseconds GraceEnd() const;
  // True once the active time has come; else it will be looked at again then.
  bool Reached(milliseconds active);
  void WakeAt(milliseconds run_time);

  const Plan& plan_;
  const RunState& state_;
  const Inputs& inputs_;
  const milliseconds now_;
  const milliseconds active_;
  const Board board_;
  size_t running_ = 0;
  bool restart_at_once_ = false;  // an item waits for it: nothing new begins
  std::optional<milliseconds> wake_;
};

Move Record(Fact fact);

}  // namespace preseal::agent
