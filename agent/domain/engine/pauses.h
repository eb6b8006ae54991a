// SPDX-License-Identifier: Apache-2.0
// Inside agent/domain/engine only: pauses that replay to the same length.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "agent/domain/plan.h"

namespace preseal::agent {

// The pause after attempt `attempt` (from 1): doubled each time from kStepRetryFirst up to
// kStepRetryLongest, shortened by up to half. By how much is hashed out of what the journal holds,
// so a replay agrees, and two devices of a bench do not come back in step.
std::chrono::milliseconds RetryPause(const std::string& boot_id, const std::string& item_id,
                                     uint32_t attempt);

// Within which the device is expected back from a restart for `step`.
std::chrono::milliseconds RestartWithin(const Step& step);

}  // namespace preseal::agent
