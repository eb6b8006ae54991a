// SPDX-License-Identifier: Apache-2.0
#include "server/service/flow/action_desk.h"

#include <fmt/format.h>

#include "common/log/log.h"

namespace preseal::server {

Status ActionDesk::Give(const DeviceId& device, std::string_view request_id, DeviceAction action) {
  const Actor actor = Actor::AtDevice(device);
  switch (action) {
    case DeviceAction::kRefresh:
      return commands_.Refresh(actor, device).status();
    case DeviceAction::kProvision:
      return flow_.Start(actor, device, request_id).status();
    case DeviceAction::kRetry:
      return flow_.Retry(actor, device, request_id).status();
    case DeviceAction::kReset:
      return commands_.Reset(actor, device, "", request_id).status();
    case DeviceAction::kDiagnostics:
      if (!diagnostics_.Lock()->Take(device.text(), clock_.Steady())) {
        return ResourceExhausted("Diagnostics were just asked for: wait a few seconds.");
      }
      return commands_.CollectDiagnostics(actor, device, request_id).status();
    case DeviceAction::kContinue:
      return commands_.Continue(actor, device, request_id).status();
    case DeviceAction::kReseal:
    case DeviceAction::kHold:
    case DeviceAction::kResume:
    case DeviceAction::kWaive:
    case DeviceAction::kAnswer:
    case DeviceAction::kExtend:
    case DeviceAction::kRestart:
      break;
  }
  return FailedPrecondition(
      fmt::format("\"{}\" is done from the dashboard or the command line", NameOf(action)));
}

ActionAnswer ActionDesk::Act(const DeviceId& device, std::string_view request_id,
                             DeviceAction action) {
  const Status given = Give(device, request_id, action);
  ActionAnswer answer{.request_id = std::string(request_id), .accepted = given.ok()};
  if (!given.ok()) {
    answer.message = std::string(MessageOf(given));
    log::Info("a button at a device was refused",
              {{"device", device.text()}, {"action", NameOf(action)}, {"why", answer.message}});
  }
  return answer;
}

}  // namespace preseal::server
