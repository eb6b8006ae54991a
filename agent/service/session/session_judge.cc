// SPDX-License-Identifier: Apache-2.0
// What a stream's end means for the next one; the codes are those of DeviceSessionService.Connect.
#include "agent/service/session/session.h"
#include "common/log/log.h"

namespace preseal::agent {

std::optional<SessionEnd> Session::Judge(const Status& status, const Past& past) {
  if (past.steady) back_off_.Reset();
  pause_ = back_off_.Next(ports_.chance());
  // An absent server is news once, not at every attempt.
  if (ToString(status) != last_end_) log::Info("session ended", {{"status", ToString(status)}});
  last_end_ = ToString(status);
  if (status.code() != StatusCode::kPermissionDenied) {
    ports_.display.ShowConnection(false, MessageOf(status));
  }
  switch (status.code()) {
    case StatusCode::kUnauthenticated:
      // Said by the server itself, over a trusted connection.
      log::Warning("the server refuses the device certificate, enrolling again");
      return SessionEnd::kIdentityRefused;
    case StatusCode::kUnavailable:
      return JudgeUnreachable(past.welcomed);
    case StatusCode::kPermissionDenied:
      ShowBlocked(status);
      pause_ = timing_.blocked_retry;
      return std::nullopt;
    case StatusCode::kAlreadyExists:
      // Our numbers are taken by other events; the next Welcome says from where to go on.
      renumber_run_ = past.run_id;
      return std::nullopt;
    case StatusCode::kResourceExhausted:
    case StatusCode::kInvalidArgument:
      pause_ = timing_.reconnect_longest;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

// gRPC shows a refused certificate as UNAVAILABLE, like a server that is not there.
std::optional<SessionEnd> Session::JudgeUnreachable(bool welcomed) {
  if (welcomed || !ports_.dialer.Reachable()) {
    refused_since_.reset();
    return std::nullopt;
  }
  const auto now = ports_.clock.Steady();
  if (!refused_since_) refused_since_ = now;
  if (now - *refused_since_ < timing_.identity_refused_after) return std::nullopt;
  log::Warning("the server does not take the device certificate, enrolling again");
  return SessionEnd::kIdentityRefused;
}

void Session::ShowBlocked(const Status& status) {
  if (blocked_) return;
  blocked_ = true;
  ports_.display.ShowResult({.outcome = ResultCard::Outcome::kBlocked,
                             .title = "Blocked",
                             .code = "PERMISSION_DENIED",
                             .message = MessageOf(status),
                             .remedy = "Set the device aside; a lead must look at it."});
}

}  // namespace preseal::agent
