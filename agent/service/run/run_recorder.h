// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "agent/domain/engine/engine.h"
#include "agent/domain/engine/run_clock.h"
#include "agent/domain/event.h"
#include "agent/domain/plan.h"
#include "agent/domain/run_state.h"
#include "agent/service/change_signal.h"
#include "agent/service/run/run_store.h"
#include "agent/service/session/wire_codec.h"
#include "common/base/clock.h"
#include "common/base/guarded.h"
#include "common/status/status.h"

namespace preseal::agent {

struct RecorderPorts {
  const WireCodec& codec;
  const Clock& clock;
  ChangeSignal& signal;
  // Called with true while the spool is full and the run waits for the server, then with false.
  std::function<void(bool holding)> on_hold;
  // Called by the recording thread after every event but log lines, one call at a time.
  std::function<void(const RunState&)> on_change;
};

// Writes a run's events into its log, stamped by the run's clock, and keeps the state they add up
// to. Thread-safe: calls that record take turns, so the order of the log is the order of the state.
class RunRecorder {
 public:
  // Folds what `log` holds already and goes on with its clock. DataLoss if an event in it does not
  // decode.
  static StatusOr<std::unique_ptr<RunRecorder>> Open(std::shared_ptr<RunLog> log, Plan plan,
                                                     RecorderPorts ports);

  // Item, command and run events are on the disk when this returns; log lines and percentages are
  // safe from a kill. While the spool is full it waits for the server: the run holds, nothing is
  // lost. Cancelled if stopped while waiting; DataLoss if the disk failed.
  Status Record(const Fact& fact, std::stop_token stop);
  Status Record(const EventBody& body, std::stop_token stop) {
    return Record(Fact{body, {}}, stop);
  }
  // The same, if `decide` makes a fact of the state at its turn; false if it makes none.
  using Decide = std::function<std::optional<Fact>(const RunState&)>;
  StatusOr<bool> RecordIf(const Decide& decide, std::stop_token stop);

  RunState State() const { return *state_.Lock(); }
  const Plan& plan() const { return plan_; }
  RunLog& log() const { return *log_; }
  const RunClock& run_clock() const { return run_clock_; }
  // On the run's clock.
  std::chrono::milliseconds Now() const { return run_clock_.At(ports_.clock.Steady()); }
  std::chrono::milliseconds ActiveNow() const { return state_.Lock()->ActiveAt(Now()); }
  // The wall clock says that the agent was away for longer than a planned restart may take.
  bool came_back_late() const { return late_; }

  // The newest RunInterrupted this process recorded.
  struct Interrupted {
    uint64_t sequence = 0;
    std::chrono::steady_clock::time_point at;
  };
  std::optional<Interrupted> interrupted() const { return *interrupted_.Lock(); }

 private:
  RunRecorder(std::shared_ptr<RunLog> log, Plan plan, RecorderPorts ports, RunState state);
  Status RecordInTurn(const Fact& fact, std::stop_token stop);
  StatusOr<uint64_t> AppendOrHold(const Event& event, Durability durability, std::stop_token stop);

  std::shared_ptr<RunLog> log_;
  const Plan plan_;
  RecorderPorts ports_;
  bool late_ = false;
  RunClock run_clock_;
  std::mutex turn_;  // held over the write: two events must not overtake each other
  mutable Guarded<RunState> state_;
  mutable Guarded<std::optional<Interrupted>> interrupted_;
};

}  // namespace preseal::agent
