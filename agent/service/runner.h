// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "agent/domain/plan.h"
#include "agent/service/run_recorder.h"
#include "agent/service/status_display.h"
#include "agent/service/step_executor.h"
#include "common/base/clock.h"

namespace preseal::agent {

struct RunnerPorts {
  StepExecutor& executor;
  StatusDisplay& display;
  const Clock& clock;
  std::string agent_version;
  std::string boot_id;
};

// Executes a plan that CheckPlan accepted, in the order of `after`, from wherever the recorded
// state stands, and records how the run ended. Works without the server. A failed blocking item
// ends the run, what comes after it stays not started; a tracked or background one does not.
// Nothing if `stop` came first: the run may be continued later, also by another process. A Status
// only if an event could not be recorded.
StatusOr<std::optional<RunOutcome>> ExecutePlan(const Plan& plan, RunRecorder& recorder,
                                                const RunnerPorts& ports, std::stop_token stop);

}  // namespace preseal::agent
