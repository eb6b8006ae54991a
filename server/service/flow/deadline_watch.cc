// SPDX-License-Identifier: Apache-2.0
#include "server/service/flow/deadline_watch.h"

#include <vector>

#include "common/base/limits.h"
#include "common/log/log.h"
#include "server/service/flow/run_progress.h"

namespace preseal::server {

bool IsOverdue(const Run& run, WallTime now) {
  if (run.outcome != RunOutcome::kRunning || run.held || run.limit.count() == 0) return false;
  return now > run.start_time + run.limit + kRunOverdueGrace;
}

void DeadlineWatch::Tick() {
  const auto steady = clock_.Steady();
  if (looked_ && steady - *looked_ < kDeadlineWatchInterval) return;
  looked_ = steady;
  std::vector<Run> running;
  const Status read = store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(running, tx.runs.RunningRuns());
    return OkStatus();
  });
  if (!read.ok()) return log::Error("cannot look for overdue runs", {{"error", ToString(read)}});
  for (const Run& run : running) {
    if (!IsOverdue(run, clock_.Now())) continue;
    store_.Write([this, id = run.run_id](Tx& tx) { return TimeOutIfOverdue(tx, id); },
                 [id = run.run_id](const Status& status) {
                   if (status.ok()) return;
                   log::Error("cannot end an overdue run",
                              {{"run", id.text()}, {"error", ToString(status)}});
                 });
  }
}

Status DeadlineWatch::TimeOutIfOverdue(Tx& tx, const RunId& id) {
  ASSIGN_OR_RETURN(Run run, tx.runs.GetRun(id));
  ASSIGN_OR_RETURN(Device device, tx.devices.Get(id.device()));
  const WallTime now = clock_.Now();
  if (!IsOverdue(run, now) || device.attempt != id.attempt()) return OkStatus();
  log::Warning("run is overdue", {{"run", id.text()}});
  ASSIGN_OR_RETURN(RunProgress progress, RunProgress::Load(tx, run));
  RETURN_IF_ERROR(progress.TimeOut(tx, now, &device, &run));
  RETURN_IF_ERROR(progress.Finish(tx, now, &device, &run));
  RETURN_IF_ERROR(tx.runs.UpdateRun(run));
  return tx.devices.Put(&device);
}

}  // namespace preseal::server
