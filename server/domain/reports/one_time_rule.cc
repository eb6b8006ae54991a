// SPDX-License-Identifier: Apache-2.0
#include "server/domain/reports/one_time_rule.h"

#include <fmt/format.h>

namespace preseal::server {

bool OneTimeUsed(const Device& device) {
  return NextState(device.state, LifecycleEvent::kNextAllowed, FactsOf(device)).has_value();
}

bool NextIsAllowed(const Device& device, WallTime now) {
  return OneTimeUsed(device) && device.allow_next && now < device.allow_next->expire_time;
}

std::string OneTimeSeen(const Device& device, WallTime now) {
  const std::string times =
      device.deployments <= 1 ? "once" : fmt::format("{} times", device.deployments);
  if (device.allow_next && now >= device.allow_next->expire_time) {
    return fmt::format("sealed {}, the permission of {} has expired", times,
                       device.allow_next->actor);
  }
  return fmt::format("sealed {}, nobody allowed another enrolment", times);
}

Status BeginAgain(WallTime now, Device* device) {
  RETURN_IF_ERROR(Advance(LifecycleEvent::kNextAllowed, now, device));
  device->allow_next.reset();
  device->enrolled = false;
  device->flow = Flow::kTechnician;
  device->blocking_satisfied = false;
  device->held = false;
  device->wait.reset();
  device->seal_unconfirmed = false;
  device->seal_time.reset();
  device->sealed_plan_digest.clear();
  device->signed_in_user.clear();
  device->run_start_time.reset();
  device->run_end_time.reset();
  return OkStatus();
}

}  // namespace preseal::server
