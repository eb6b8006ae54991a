// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "agent/domain/event.h"
#include "agent/domain/run_state.h"
#include "agent/service/change_signal.h"
#include "agent/service/run_store.h"
#include "agent/service/wire_codec.h"
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
  // Called by the recording thread after every event but log lines.
  std::function<void(const RunState&)> on_change;
};

// Writes a run's events into its log and keeps the state they add up to. One thread records; any
// may read the state.
class RunRecorder {
 public:
  // Folds what `log` holds already. DataLoss if an event in it does not decode.
  static StatusOr<std::unique_ptr<RunRecorder>> Open(std::shared_ptr<RunLog> log, const Plan& plan,
                                                     RecorderPorts ports);

  // Item, command and run events are on the disk when this returns; log lines and percentages are
  // safe from a kill. While the spool is full it waits for the server: the run holds, nothing is
  // lost. Cancelled if stopped while waiting; DataLoss if the disk failed.
  Status Record(const EventBody& body, uint32_t attempt, std::stop_token stop);

  RunState State() const { return *state_.Lock(); }
  RunLog& log() const { return *log_; }
  std::shared_ptr<RunLog> shared_log() const { return log_; }

 private:
  RunRecorder(std::shared_ptr<RunLog> log, RecorderPorts ports, RunState state);
  Status AppendOrHold(const EventBody& body, uint32_t attempt, Durability durability,
                      std::stop_token stop);

  std::shared_ptr<RunLog> log_;
  RecorderPorts ports_;
  mutable Guarded<RunState> state_;
};

}  // namespace preseal::agent
