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
  StepResult result = Done();
  const ExitMeaning meaning = MeaningOf(step, ending.exit_code);
  if (meaning != ExitMeaning::kSuccess) {
    std::string message = fmt::format("{} ended with exit code {}", what, ending.exit_code);
    if (!end.last_line.empty()) message += ": " + end.last_line;
    result = Failed(ItemCode::kStepExitCode, std::move(message));
    result.final = meaning == ExitMeaning::kFail;
  }
  result.exit_code = ending.exit_code;
  return result;
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

StepResult FromStartStatus(const Status& status) {
  return Failed(ItemCode::kStepNotStarted, MessageOf(status));
}

}  // namespace preseal::agent::steps
