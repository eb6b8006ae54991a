// SPDX-License-Identifier: Apache-2.0
#include "server/domain/assignment/assignment_status.h"

namespace preseal::server {

AssignmentStatus StatusOfAssignment(const StatusOr<std::string>& now, bool ran,
                                    std::string_view digest) {
  switch (now.status().code()) {
    case StatusCode::kOk:
      break;
    case StatusCode::kFailedPrecondition:
      return AssignmentStatus::kNotAssigned;
    case StatusCode::kNotFound:
    case StatusCode::kInvalidArgument:
      return AssignmentStatus::kFailed;
    default:
      return AssignmentStatus::kUnknown;
  }
  if (!ran) return AssignmentStatus::kPending;
  if (digest.empty()) return AssignmentStatus::kUnknownSyncState;
  return digest == *now ? AssignmentStatus::kInSync : AssignmentStatus::kOutOfSync;
}

}  // namespace preseal::server
