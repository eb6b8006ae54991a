// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>

#include "common/base/clock.h"
#include "server/service/ports.h"

namespace preseal::server {

// Nothing sits for ever: a run of which nobody heard the end when its limit and
// kRunOverdueGrace are over has failed with RUN_TIMEOUT. What the device delivers later still
// counts. A run on hold does not age. One thread.
class DeadlineWatch {
 public:
  DeadlineWatch(Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  // Every second; looks every kDeadlineWatchInterval. Does not block on the writer.
  void Tick();

 private:
  Status TimeOutIfOverdue(Tx& tx, const RunId& run);

  Store& store_;
  const Clock& clock_;
  std::optional<std::chrono::steady_clock::time_point> looked_;
};

// Whether `run` goes on and its time is over at `now`.
bool IsOverdue(const Run& run, WallTime now);

}  // namespace preseal::server
