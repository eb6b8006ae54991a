// SPDX-License-Identifier: Apache-2.0
// Devices are enrolled and sealed once; again only when a named person allows it. Pure.
#pragma once

#include <string>

#include "common/base/clock.h"
#include "common/status/status.h"
#include "server/domain/device.h"

namespace preseal::server {

// Whether the next enrolment of `device` is refused unless allowed: it is sealed, or on its way
// with the user, or in service. A block that a person cleared counts as allowed.
bool OneTimeUsed(const Device& device);

// Whether OneTimeUsed holds and a permission is there that has not expired.
bool NextIsAllowed(const Device& device, WallTime now);

// Why it is not, for people: "sealed once, nobody allowed another enrolment".
std::string OneTimeSeen(const Device& device, WallTime now);

// Brings the device back to the bench: PRESENT, never confirmed, in the technician flow, with
// nothing of the run, the seal and the user that were; the counters and its name stay. The
// permission is used up. FailedPrecondition: the lifecycle does not allow it, and nothing changed.
Status BeginAgain(WallTime now, Device* device);

}  // namespace preseal::server
