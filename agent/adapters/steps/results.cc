// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/steps/results.h"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

namespace preseal::agent::steps {

StepResult NotInPlace(std::string message) {
  return {.kind = StepResult::Kind::kNotInPlace, .message = std::move(message)};
}

StepResult Failed(ItemCode code, std::string message) {
  return {.kind = StepResult::Kind::kFailed, .code = code, .message = std::move(message)};
}

StepResult FailedForGood(ItemCode code, std::string message) {
  StepResult result = Failed(code, std::move(message));
  result.final = true;
  return result;
}

StepResult FromTargetStatus(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return Done();
    case StatusCode::kCancelled:
      return {.kind = StepResult::Kind::kStopped};
    case StatusCode::kResourceExhausted:
      return Failed(ItemCode::kTargetFull, MessageOf(status));
    case StatusCode::kFailedPrecondition:
      return FailedForGood(ItemCode::kTargetPathRefused, MessageOf(status));
    default:
      return Failed(ItemCode::kTargetError, MessageOf(status));
  }
}

StepResult FromArtifactStatus(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return Done();
    case StatusCode::kCancelled:
      return {.kind = StepResult::Kind::kStopped};
    case StatusCode::kDataLoss:
      return Failed(ItemCode::kArtifactDigestMismatch, MessageOf(status));
    case StatusCode::kResourceExhausted:
      return Failed(ItemCode::kTargetFull, MessageOf(status));
    default:
      return Failed(ItemCode::kArtifactUnavailable, MessageOf(status));
  }
}

namespace {

// "dpkg ended with exit code 2: what it said last".
std::string ExitMessage(std::string_view what, const CommandEnd& end) {
  std::string message = fmt::format("{} ended with exit code {}", what, end.ending.exit_code);
  if (!end.last_line.empty()) message += ": " + end.last_line;
  return message;
}

// The same for every way to end.
std::string EndMessage(std::string_view what, const CommandEnd& end) {
  switch (end.ending.kind) {
    case process::Ending::Kind::kTimedOut:
      return fmt::format("{} took too long", what);
    case process::Ending::Kind::kSignalled:
      return fmt::format("{} was ended by signal {}", what, end.ending.signal);
    case process::Ending::Kind::kStopped:
    case process::Ending::Kind::kExited:
      break;
  }
  return ExitMessage(what, end);
}

StepResult FromExit(const Step& step, std::string_view what, const CommandEnd& end) {
  StepResult result = Done();
  switch (MeaningOf(step, end.ending.exit_code)) {
    case ExitMeaning::kSuccess:
      break;
    case ExitMeaning::kRebootNow:
      result.reboot = StepResult::Reboot::kNow;
      break;
    case ExitMeaning::kRebootLater:
      result.reboot = StepResult::Reboot::kLater;
      break;
    case ExitMeaning::kRetry:
      result = Failed(ItemCode::kStepExitCode, ExitMessage(what, end));
      break;
    case ExitMeaning::kFail:
      result = FailedForGood(ItemCode::kStepExitCode, ExitMessage(what, end));
      break;
    case ExitMeaning::kFailFatal:
      result = FailedForGood(ItemCode::kFatal, ExitMessage(what, end));
      result.fatal = true;
      break;
  }
  result.exit_code = end.ending.exit_code;
  return result;
}

}  // namespace

StepResult FromEnding(const Step& step, std::string_view what, const CommandEnd& end) {
  const process::Ending& ending = end.ending;
  switch (ending.kind) {
    case process::Ending::Kind::kStopped:
      return {.kind = StepResult::Kind::kStopped};
    case process::Ending::Kind::kTimedOut:
      return Failed(ItemCode::kStepTimeout,
                    fmt::format("{} took longer than {} ms", what, step.timeout.count()));
    case process::Ending::Kind::kSignalled:
      return Failed(ItemCode::kStepSignalled,
                    fmt::format("{} was ended by signal {}", what, ending.signal));
    case process::Ending::Kind::kExited:
      break;
  }
  return FromExit(step, what, end);
}

StepResult FromCheckEnding(std::string_view what, const process::Ending& ending) {
  switch (ending.kind) {
    case process::Ending::Kind::kStopped:
      return {.kind = StepResult::Kind::kStopped};
    case process::Ending::Kind::kTimedOut:
      return Failed(ItemCode::kStepTimeout, fmt::format("{} took too long", what));
    case process::Ending::Kind::kSignalled:
      return Failed(ItemCode::kStepSignalled,
                    fmt::format("{} was ended by signal {}", what, ending.signal));
    case process::Ending::Kind::kExited:
      break;
  }
  if (ending.exit_code == 0) return Done();
  StepResult result = NotInPlace(fmt::format("{} ended with exit code {}", what, ending.exit_code));
  result.exit_code = ending.exit_code;
  return result;
}

StepResult FromRequiresEnding(const CommandEnd& end) {
  if (end.ending.kind == process::Ending::Kind::kStopped) {
    return {.kind = StepResult::Kind::kStopped};
  }
  if (end.ending.Succeeded()) return Done();
  if (end.ending.kind == process::Ending::Kind::kExited && end.ending.exit_code == 1) {
    return NotInPlace("requires says it does not apply to this device");
  }
  return FailedForGood(ItemCode::kRequiresFailed, EndMessage("requires", end));
}

StepResult FromUndoEnding(const CommandEnd& end) {
  if (end.ending.kind == process::Ending::Kind::kStopped) {
    return {.kind = StepResult::Kind::kStopped};
  }
  if (end.ending.Succeeded()) return Done();
  return Failed(ItemCode::kUndoFailed, EndMessage("undo", end));
}

StepResult FromStartStatus(const Status& status) {
  if (status.code() == StatusCode::kDeadlineExceeded) {
    return Failed(ItemCode::kAgentError, "a process of the step cannot be ended");
  }
  if (status.code() == StatusCode::kAborted) {
    return Failed(ItemCode::kStepSignalled, MessageOf(status));
  }
  return Failed(ItemCode::kStepNotStarted, MessageOf(status));
}

}  // namespace preseal::agent::steps
