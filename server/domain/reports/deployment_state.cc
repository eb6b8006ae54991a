// SPDX-License-Identifier: Apache-2.0
#include "server/domain/reports/deployment_state.h"

namespace preseal::server {
namespace {

DeploymentState Success(bool passed_over, bool retried) {
  if (passed_over) return DeploymentState::kSuccessWithTimeout;
  return retried ? DeploymentState::kSuccessOnRetry : DeploymentState::kSuccess;
}

}  // namespace

bool FailedTry(RunOutcome outcome) {
  return outcome == RunOutcome::kFailed || outcome == RunOutcome::kAbandoned;
}

DeploymentState StateOfTry(const TryFacts& facts) {
  switch (facts.outcome) {
    case RunOutcome::kRunning:
      return DeploymentState::kInProgress;
    case RunOutcome::kSucceeded:
      return Success(facts.continued || facts.waived, facts.retried);
    case RunOutcome::kFailed:
      // The user has the device in spite of it, as the profile or a lead allowed.
      return facts.continued ? DeploymentState::kSuccessWithTimeout : DeploymentState::kFailure;
    case RunOutcome::kAbandoned:
      return DeploymentState::kFailure;
  }
  return DeploymentState::kUnknown;
}

DeploymentState StateOfDeployment(const DeploymentFacts& facts) {
  switch (facts.state) {
    case DeviceState::kRegistered:
      return facts.flow_allowed ? DeploymentState::kNotAttempted : DeploymentState::kDisabled;
    case DeviceState::kPresent:
    case DeviceState::kEnrolled:
      return facts.flow_allowed ? DeploymentState::kInProgress : DeploymentState::kDisabled;
    case DeviceState::kProvisioning:
    case DeviceState::kReadyToSeal:
    case DeviceState::kSealing:
    case DeviceState::kUserSetup:
      return DeploymentState::kInProgress;
    case DeviceState::kSealed:
    case DeviceState::kInService:
      return Success(facts.continued || facts.waived, facts.retried);
    case DeviceState::kFailed:
      return DeploymentState::kFailure;
    case DeviceState::kBlocked:
      return facts.attempted ? DeploymentState::kFailure : DeploymentState::kNotAttempted;
    case DeviceState::kRetired:
      return DeploymentState::kUnknown;
  }
  return DeploymentState::kUnknown;
}

std::string_view NameOf(DeploymentState state) {
  switch (state) {
    case DeploymentState::kUnknown:
      return "unknown";
    case DeploymentState::kSuccess:
      return "success";
    case DeploymentState::kInProgress:
      return "in progress";
    case DeploymentState::kFailure:
      return "failure";
    case DeploymentState::kSuccessWithTimeout:
      return "success with timeout";
    case DeploymentState::kNotAttempted:
      return "not attempted";
    case DeploymentState::kDisabled:
      return "disabled";
    case DeploymentState::kSuccessOnRetry:
      return "success on retry";
  }
  return "";
}

}  // namespace preseal::server
