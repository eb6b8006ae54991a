// SPDX-License-Identifier: Apache-2.0
#include "agent/service/user_flow_end.h"

namespace preseal::agent {
namespace {

bool EndedWell(const RunLog& log, const WireCodec& codec) {
  for (const LoggedEvent& logged : log.Latest()) {
    if (logged.key != KeyOf(RunFinished{})) continue;
    const auto event = codec.DecodeEvent(logged.event);
    const auto* finished = event.ok() ? std::get_if<RunFinished>(&event->body) : nullptr;
    if (finished == nullptr) return false;
    return finished->continued || finished->outcome == RunOutcome::kSucceeded;
  }
  return false;
}

}  // namespace

bool UserFlowDone(const RunDesk& desk, const WireCodec& codec) {
  // Asked first: the end of a command is recorded after the end of its run.
  if (!desk.MakeHello().open_command_ids.empty()) return false;
  const auto logs = desk.Logs();
  if (logs.empty()) return false;
  const RunLog& newest = *logs.back();
  if (newest.acked() + 1 != newest.next_sequence() || newest.header().plan.empty()) return false;
  if (!EndedWell(newest, codec)) return false;
  const auto plan = codec.DecodePlan(newest.header().plan);
  return plan.ok() && plan->flow == Flow::kUser;
}

}  // namespace preseal::agent
