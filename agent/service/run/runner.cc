// SPDX-License-Identifier: Apache-2.0
#include "agent/service/run/runner.h"

#include <utility>

#include "agent/domain/engine/engine.h"
#include "agent/service/run/engine_loop.h"

namespace preseal::agent {

StatusOr<std::optional<RunOutcome>> ExecutePlan(RunRecorder& recorder, const RunnerPorts& ports,
                                                std::stop_token stop) {
  ASSIGN_OR_RETURN(const std::optional<RunOutcome> outcome,
                   EngineLoop(recorder, ports, stop).Run());
  if (!outcome) return outcome;
  // A waiver that came while the end was being written was not part of it.
  const auto heal = [&recorder](const RunState& state) {
    return HealedFact(recorder.plan(), state);
  };
  RETURN_IF_ERROR(recorder.RecordIf(heal, std::move(stop)).status());
  return recorder.State().outcome();
}

}  // namespace preseal::agent
