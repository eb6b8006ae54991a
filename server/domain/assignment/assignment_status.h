// SPDX-License-Identifier: Apache-2.0
// How what a device runs stands to what is assigned to it now. Pure.
#pragma once

#include <string>
#include <string_view>

#include "common/status/status.h"

namespace preseal::server {

// Values equal preseal.profile.v1.ProfileAssignment, numbered as Windows Autopilot's
// deploymentProfileAssignmentStatus; never renumber.
enum class AssignmentStatus {
  kUnknown = 0,
  kInSync = 1,
  kOutOfSync = 2,
  kUnknownSyncState = 3,
  kNotAssigned = 4,
  kPending = 5,
  kFailed = 6,
};

//   now    digest of the plan that is assigned now. FailedPrecondition: no profile applies;
//          NotFound or InvalidArgument: what is assigned does not make a plan; else kUnknown.
//   ran    whether the technician flow ran, and the digest its latest run had; empty: not known
AssignmentStatus StatusOfAssignment(const StatusOr<std::string>& now, bool ran,
                                    std::string_view digest);

}  // namespace preseal::server
