// SPDX-License-Identifier: Apache-2.0
#include "common/status/status.h"

namespace preseal {

Status InvalidArgument(std::string_view m) { return MakeStatus(StatusCode::kInvalidArgument, m); }
Status FailedPrecondition(std::string_view m) {
  return MakeStatus(StatusCode::kFailedPrecondition, m);
}
Status NotFound(std::string_view m) { return MakeStatus(StatusCode::kNotFound, m); }
Status AlreadyExists(std::string_view m) { return MakeStatus(StatusCode::kAlreadyExists, m); }
Status OutOfRange(std::string_view m) { return MakeStatus(StatusCode::kOutOfRange, m); }
Status Aborted(std::string_view m) { return MakeStatus(StatusCode::kAborted, m); }
Status Unavailable(std::string_view m) { return MakeStatus(StatusCode::kUnavailable, m); }
Status DeadlineExceeded(std::string_view m) { return MakeStatus(StatusCode::kDeadlineExceeded, m); }
Status ResourceExhausted(std::string_view m) {
  return MakeStatus(StatusCode::kResourceExhausted, m);
}
Status PermissionDenied(std::string_view m) { return MakeStatus(StatusCode::kPermissionDenied, m); }
Status Unauthenticated(std::string_view m) { return MakeStatus(StatusCode::kUnauthenticated, m); }
Status Unimplemented(std::string_view m) { return MakeStatus(StatusCode::kUnimplemented, m); }
Status DataLoss(std::string_view m) { return MakeStatus(StatusCode::kDataLoss, m); }
Status Internal(std::string_view m) { return MakeStatus(StatusCode::kInternal, m); }
Status Cancelled(std::string_view m) { return MakeStatus(StatusCode::kCancelled, m); }

std::string MessageOf(const Status& status) {
  return std::string(status.message().data(), status.message().size());
}

std::string ToString(const Status& status) { return status.ToString(); }

Status WithContext(const Status& status, std::string_view context) {
  if (status.ok()) return status;
  std::string text(context);
  text += ": ";
  text += MessageOf(status);
  return MakeStatus(status.code(), text);
}

}  // namespace preseal
