// SPDX-License-Identifier: Apache-2.0
// How long a deployment took, as people count it. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <span>

#include "common/base/clock.h"
#include "server/domain/progress.h"
#include "server/domain/reports/device_history.h"

namespace preseal::server {

// A run's times on the server's clock.
struct RunTimes {
  Flow flow = Flow::kTechnician;
  WallTime start;
  std::optional<WallTime> end;  // absent while it goes on
};

// Absent parts have not begun.
struct Durations {
  std::optional<std::chrono::microseconds> total;          // without the wait for the user
  std::optional<std::chrono::microseconds> device_setup;   // all runs of the technician flow
  std::optional<std::chrono::microseconds> account_setup;  // all runs of the user flow
};

// `runs` may hold those of earlier deployments; what began before `deployment.start` is left out. A
// clock that was set back makes a part zero, never negative.
Durations DurationsOf(const Deployment& deployment, std::span<const RunTimes> runs, WallTime now);

}  // namespace preseal::server
