// SPDX-License-Identifier: Apache-2.0
#include "agent/domain/engine/run_clock.h"

namespace preseal::agent {

using std::chrono::milliseconds;

RunClock::Gap RunClock::GapOf(WallTime last, WallTime now, milliseconds window) {
  const auto difference = std::chrono::duration_cast<milliseconds>(now - last);
  const bool plausible = difference.count() >= 0 && difference <= window;
  return {plausible ? difference : window, difference > window};
}

RunClock RunClock::Continue(milliseconds last_run_time, const Gap& gap,
                            std::chrono::steady_clock::time_point now) {
  RunClock clock(now);
  clock.base_ = last_run_time + gap.counted;
  return clock;
}

milliseconds RunClock::At(std::chrono::steady_clock::time_point now) const {
  return base_ + std::chrono::duration_cast<milliseconds>(now - origin_);
}

}  // namespace preseal::agent
