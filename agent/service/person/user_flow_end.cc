// SPDX-License-Identifier: Apache-2.0
#include "agent/service/person/user_flow_end.h"

#include "agent/service/run/run_end.h"

namespace preseal::agent {

bool UserFlowDone(const RunDesk& desk, const WireCodec& codec) {
  // Asked first: the end of a command is recorded after the end of its run.
  if (!desk.MakeHello().open_command_ids.empty()) return false;
  const auto logs = desk.Logs();
  if (logs.empty()) return false;
  const RunLog& newest = *logs.back();
  if (!newest.AckedWhole() || newest.header().plan.empty()) return false;
  const auto end = EndOf(newest, codec);
  if (!end || !(end->continued || end->outcome == RunOutcome::kSucceeded)) return false;
  const auto plan = codec.DecodePlan(newest.header().plan);
  return plan.ok() && plan->flow == Flow::kUser;
}

}  // namespace preseal::agent
