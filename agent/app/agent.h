// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <stop_token>

#include "agent/app/options.h"
#include "common/status/status.h"

namespace preseal::agent {

// How the agent ended; main turns it into an exit code.
enum class AgentEnd { kStopped, kSealed, kRefused };

// The composition root: builds every object, bottom-up, and runs them until the device is sealed or
// `stop`. A Status says why it cannot go on. Blocks.
StatusOr<AgentEnd> RunAgent(const Options& options, std::stop_token stop);

// Does what `--power-off` says. Returns the process's exit code.
int RunPowerOff(const PowerOff& power_off);

}  // namespace preseal::agent
