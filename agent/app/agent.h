// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <stop_token>

#include "agent/app/options.h"
#include "common/status/status.h"

namespace preseal::agent {

// How the agent ended; main turns it into an exit code.
enum class AgentEnd { kStopped, kSealed, kRefused, kRestart, kInService };

// The composition root: builds every object, bottom-up, and runs them until the device is sealed
// (technician flow), in service (user flow), to be restarted, or `stop`. A Status says why it
// cannot go on. Blocks.
StatusOr<AgentEnd> RunAgent(const Options& options, std::stop_token stop);

// Does what `--power-off` says. Returns the process's exit code.
int RunPowerOff(const PowerOff& power_off);

// Does what `--restart` says. OK: this process is to end, and to be started again once the device
// is back. FailedPrecondition: the device could not be restarted, says why. Blocks, with a reboot
// until `stop`, which is how the system ends its processes.
Status AskForRestart(const Restart& restart, std::stop_token stop);

}  // namespace preseal::agent
