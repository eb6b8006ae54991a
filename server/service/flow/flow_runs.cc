// SPDX-License-Identifier: Apache-2.0
#include "server/service/flow/flow_runs.h"

namespace preseal::server {

StatusOr<RunItems> ReadRunItems(Tx& tx, const RunId& run) {
  ASSIGN_OR_RETURN(const auto items, tx.runs.Items(run.device(), run.attempt()));
  RunItems found;
  for (const Item& item : items) {
    if (item.gating != Gating::kBlocking) continue;
    found.waived = found.waived || item.waiver.has_value();
    const bool holds = item.state == ItemState::kFailed && !item.waiver;
    if (!holds || !found.failed_item.empty()) continue;
    found.failed_item = item.display_name;
    found.code = item.code;
  }
  return found;
}

StatusOr<std::vector<JourneyRun>> ReadJourneyRuns(Tx& tx, const DeviceId& device) {
  ASSIGN_OR_RETURN(const auto runs, tx.runs.ListRuns(device));
  std::vector<JourneyRun> found;
  for (const Run& run : runs) {
    ASSIGN_OR_RETURN(RunItems items, ReadRunItems(tx, run.run_id));
    found.push_back({.run_id = run.run_id,
                     .flow = run.flow,
                     .outcome = run.outcome,
                     .start = run.start_time,
                     .end = run.end_time,
                     .continued = run.continued,
                     .waived = items.waived,
                     .failed_item = std::move(items.failed_item),
                     .code = std::move(items.code)});
    JourneyRun& last = found.back();
    if (run.timed_out && last.code.empty()) last.code = "RUN_TIMEOUT";
  }
  return found;
}

}  // namespace preseal::server
