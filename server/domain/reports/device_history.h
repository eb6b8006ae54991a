// SPDX-License-Identifier: Apache-2.0
// What the record of a device's changes says about its latest deployment. Pure.
#pragma once

#include <optional>
#include <span>

#include "common/base/clock.h"
#include "server/domain/device.h"

namespace preseal::server {

// A device's state and contact from `time` on. All times are the server's.
struct DeviceMark {
  WallTime time;
  DeviceState state = DeviceState::kRegistered;
  ContactState contact = ContactState::kNever;
};

// One way from the bench to the user. A time is absent while it was not reached.
struct Deployment {
  std::optional<WallTime> start;      // first evidence; or the first that is known of it
  std::optional<WallTime> seal_time;  // first SEALED
  std::optional<WallTime> user_time;  // first USER_SETUP
  std::optional<WallTime> end;        // IN_SERVICE, BLOCKED or RETIRED
};

// The deployment the newest mark belongs to. A new one begins with the first evidence after
// REGISTERED and after an allowed next enrolment; a device in BLOCKED that is released begins
// again. Without `start`, nothing has begun. `marks` are in the order they were written.
Deployment LatestDeployment(std::span<const DeviceMark> marks);

}  // namespace preseal::server
