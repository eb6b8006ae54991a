// SPDX-License-Identifier: Apache-2.0
// The clock a run's deadlines are measured on. Pure.
#pragma once

#include <chrono>

#include "common/base/clock.h"

namespace preseal::agent {

// Milliseconds since the run began: monotonic while the agent lives, continued over its restarts
// and the device's. A wall clock that was set, even by a day, neither fires every deadline nor
// stops the clock: the gap between two lives of the agent is believed only as far as `window`.
class RunClock {
 public:
  // Begins at zero.
  explicit RunClock(std::chrono::steady_clock::time_point now) : origin_(now) {}

  struct Gap {
    std::chrono::milliseconds counted{0};  // what the run is charged for
    bool late = false;                     // the wall clock says it was longer than the window
  };
  // What lies between the newest event and now by the wall clock, if that is between nothing and
  // `window`; the whole window otherwise.
  static Gap GapOf(WallTime last, WallTime now, std::chrono::milliseconds window);

  // Goes on from `last_run_time`, the newest event's, after `gap`.
  static RunClock Continue(std::chrono::milliseconds last_run_time, const Gap& gap,
                           std::chrono::steady_clock::time_point now);

  std::chrono::milliseconds At(std::chrono::steady_clock::time_point now) const;
  // When it will show `run_time`.
  std::chrono::steady_clock::time_point TimeOf(std::chrono::milliseconds run_time) const {
    return origin_ + (run_time - base_);
  }

 private:
  std::chrono::milliseconds base_{0};
  std::chrono::steady_clock::time_point origin_;
};

}  // namespace preseal::agent
