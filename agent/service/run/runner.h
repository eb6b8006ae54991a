// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "agent/service/change_signal.h"
#include "agent/service/run/run_recorder.h"
#include "agent/service/run/step_executor.h"
#include "agent/service/run/token_client.h"
#include "agent/service/status_display.h"
#include "common/base/clock.h"

namespace preseal::agent {

struct RunnerPorts {
  StepExecutor& executor;
  StatusDisplay& display;
  const Clock& clock;
  ChangeSignal& signal;
  TokenClient* tokens;  // null: whoever needs a token has it
  std::string agent_version;
  std::string boot_id;
};

// Executes the recorder's plan, which CheckPlan accepted, by the rules of agent/domain/engine, from
// wherever the recorded state stands, and records how the run ended. Works without the server; what
// others record meanwhile (waivers, holds, answers, longer deadlines) takes effect at once. Nothing
// if `stop` came first: the run may be continued later, also by another process. A Status only if
// an event could not be recorded.
StatusOr<std::optional<RunOutcome>> ExecutePlan(RunRecorder& recorder, const RunnerPorts& ports,
                                                std::stop_token stop);

}  // namespace preseal::agent
