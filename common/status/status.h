// SPDX-License-Identifier: Apache-2.0
// The one error channel: absl::Status and absl::StatusOr, whose codes are gRPC's. This is the only
// place that names absl; everything else includes this header. Debian's absl has its own
// string_view, so texts cross here as std::string_view.
//
// Pick the code by what the caller should do: InvalidArgument give up; FailedPrecondition change
// state first; Aborted re-read, redo; Unavailable back off; DataLoss page someone; Internal our
// bug.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <utility>

namespace preseal {

using Status = absl::Status;
using StatusCode = absl::StatusCode;
template <typename T>
using StatusOr = absl::StatusOr<T>;

inline Status OkStatus() { return absl::OkStatus(); }
inline Status MakeStatus(StatusCode code, std::string_view message) {
  return Status(code, absl::string_view(message.data(), message.size()));
}

Status InvalidArgument(std::string_view message);
Status FailedPrecondition(std::string_view message);
Status NotFound(std::string_view message);
Status AlreadyExists(std::string_view message);
Status OutOfRange(std::string_view message);
Status Aborted(std::string_view message);
Status Unavailable(std::string_view message);
Status DeadlineExceeded(std::string_view message);
Status ResourceExhausted(std::string_view message);
Status PermissionDenied(std::string_view message);
Status Unauthenticated(std::string_view message);
Status Unimplemented(std::string_view message);
Status DataLoss(std::string_view message);
Status Internal(std::string_view message);
Status Cancelled(std::string_view message);

// The text without the code's name.
std::string MessageOf(const Status& status);
// "NOT_FOUND: no device D-7"; "OK" for success.
std::string ToString(const Status& status);
// Puts "context: " before the message and keeps the code; success passes through.
Status WithContext(const Status& status, std::string_view context);

}  // namespace preseal

#define PRESEAL_CONCAT_INNER_(a, b) a##b
#define PRESEAL_CONCAT_(a, b) PRESEAL_CONCAT_INNER_(a, b)

#define RETURN_IF_ERROR(expr)                                                                \
  do {                                                                                       \
    if (::preseal::Status status_macro_ = (expr); !status_macro_.ok()) return status_macro_; \
  } while (false)

// RETURN_IF_ERROR with "context: " before the message.
#define RETURN_IF_ERROR_CTX(expr, context)                             \
  do {                                                                 \
    if (::preseal::Status status_macro_ = (expr); !status_macro_.ok()) \
      return ::preseal::WithContext(status_macro_, (context));         \
  } while (false)

#define ASSIGN_OR_RETURN(lhs, expr) \
  PRESEAL_ASSIGN_OR_RETURN_(PRESEAL_CONCAT_(status_or_, __LINE__), lhs, expr)
#define PRESEAL_ASSIGN_OR_RETURN_(var, lhs, expr) \
  auto var = (expr);                              \
  if (!var.ok()) return var.status();             \
  lhs = std::move(var).value()

#define ASSIGN_OR_RETURN_CTX(lhs, expr, context) \
  PRESEAL_ASSIGN_OR_RETURN_CTX_(PRESEAL_CONCAT_(status_or_, __LINE__), lhs, expr, context)
#define PRESEAL_ASSIGN_OR_RETURN_CTX_(var, lhs, expr, context)           \
  auto var = (expr);                                                     \
  if (!var.ok()) return ::preseal::WithContext(var.status(), (context)); \
  lhs = std::move(var).value()
