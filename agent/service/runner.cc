// SPDX-License-Identifier: Apache-2.0
#include "agent/service/runner.h"

#include "agent/domain/plan_check.h"
#include "agent/service/item_run.h"

namespace preseal::agent {

StatusOr<std::optional<RunOutcome>> ExecutePlan(const Plan& plan, RunRecorder& recorder,
                                                const RunnerPorts& ports, std::stop_token stop) {
  ASSIGN_OR_RETURN(const std::vector<size_t> order, OrderSteps(plan));
  if (!recorder.State().started()) {
    RETURN_IF_ERROR(recorder.Record(RunStarted{ports.agent_version, ports.boot_id}, 0, stop));
  }
  for (const size_t index : order) {
    if (stop.stop_requested()) return std::optional<RunOutcome>();
    const Step& step = plan.steps[index];
    ItemRun item(step, ports.executor, recorder, ports.display, ports.clock, stop);
    ASSIGN_OR_RETURN(const ItemRun::End end, item.Execute());
    if (end == ItemRun::End::kStopped) return std::optional<RunOutcome>();
    if (end == ItemRun::End::kFailed && step.gating == Gating::kBlocking) break;
  }
  const RunOutcome outcome = OutcomeOf(recorder.State());
  RETURN_IF_ERROR(recorder.Record(RunFinished{outcome}, 0, stop));
  return std::optional(outcome);
}

}  // namespace preseal::agent
