// SPDX-License-Identifier: Apache-2.0
// Attempts of one device from its first run to its first seal, and the user flow apart. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "server/domain/progress.h"
#include "server/domain/reports/deployment_state.h"

namespace preseal::server {

// What of a run a journey is made from. Times are the server's.
struct JourneyRun {
  RunId run_id;
  Flow flow = Flow::kTechnician;
  RunOutcome outcome = RunOutcome::kRunning;
  WallTime start;
  std::optional<WallTime> end;
  bool continued = false;
  bool waived = false;
  std::string failed_item;  // display name of the blocking item that failed
  std::string code;
};

struct JourneyTry {
  JourneyRun run;
  DeploymentState state = DeploymentState::kUnknown;
  std::chrono::microseconds duration{0};
};

struct Journey {
  uint32_t attempts = 0;  // tries of the technician flow that came to an end
  bool succeeded = false;
  bool first_time_right = false;  // sealed at the first try, with nothing waived
  std::optional<WallTime> start;
  std::optional<WallTime> end;  // the first seal
  std::vector<JourneyTry> tries;
};

// `runs` oldest first. `first_seal`: when the device was first SEALED. Tries of the technician flow
// that began after it belong to another deployment and are left out; those of the user flow before
// them are listed and counted for nothing.
Journey JourneyOf(std::span<const JourneyRun> runs, std::optional<WallTime> first_seal,
                  WallTime now);

}  // namespace preseal::server
