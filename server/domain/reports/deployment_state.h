// SPDX-License-Identifier: Apache-2.0
// The result of a deployment, with the numbers Windows Autopilot gives them. Pure.
#pragma once

#include <string_view>

#include "server/domain/device_state.h"
#include "server/domain/progress.h"

namespace preseal::server {

// Values equal preseal.progress.v1.DeploymentState; never renumber.
enum class DeploymentState {
  kUnknown = 0,
  kSuccess = 1,
  kInProgress = 2,
  kFailure = 3,
  kSuccessWithTimeout = 4,
  kNotAttempted = 5,
  kDisabled = 6,
  kSuccessOnRetry = 7,
};

// How an attempt came to its end.
struct TryFacts {
  RunOutcome outcome = RunOutcome::kRunning;
  bool continued = false;  // the user went on past an error or a timeout
  bool waived = false;     // a named person let a blocking item pass
  bool retried = false;    // an attempt of the same flow failed before it, in this deployment
};

// Whether an attempt that follows is a retry.
bool FailedTry(RunOutcome outcome);

// Of one attempt. What was passed over outranks a retry: who reads the result must learn that
// something is missing before learning that it took two tries.
DeploymentState StateOfTry(const TryFacts& facts);

struct DeploymentFacts {
  DeviceState state = DeviceState::kRegistered;
  bool flow_allowed = true;  // the profile allows the flow that would come next
  bool attempted = false;    // a run was begun, or an attestation was refused
  bool continued = false;
  bool waived = false;
  bool retried = false;
};

// Of the device's present or latest deployment. Ready to seal is still in progress: green never
// means more than what is sealed. UNKNOWN only for retired devices, whose record tells no more.
DeploymentState StateOfDeployment(const DeploymentFacts& facts);

// "success on retry".
std::string_view NameOf(DeploymentState state);

}  // namespace preseal::server
