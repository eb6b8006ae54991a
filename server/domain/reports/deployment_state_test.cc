// SPDX-License-Identifier: Apache-2.0
#include "server/domain/reports/deployment_state.h"

#include <gtest/gtest.h>

#include <set>

namespace preseal::server {
namespace {

using D = DeploymentState;

TEST(StateOfTryTest, EveryCombinationHasTheResultTheTableSays) {
  struct Row {
    RunOutcome outcome;
    bool continued;
    bool waived;
    bool retried;
    D expected;
  };
  const Row rows[] = {
      {RunOutcome::kSucceeded, false, false, false, D::kSuccess},
      {RunOutcome::kSucceeded, false, false, true, D::kSuccessOnRetry},
      {RunOutcome::kSucceeded, false, true, false, D::kSuccessWithTimeout},
      {RunOutcome::kSucceeded, false, true, true, D::kSuccessWithTimeout},
      {RunOutcome::kSucceeded, true, false, false, D::kSuccessWithTimeout},
      {RunOutcome::kSucceeded, true, false, true, D::kSuccessWithTimeout},
      {RunOutcome::kSucceeded, true, true, false, D::kSuccessWithTimeout},
      {RunOutcome::kSucceeded, true, true, true, D::kSuccessWithTimeout},
      {RunOutcome::kFailed, false, false, false, D::kFailure},
      {RunOutcome::kFailed, false, false, true, D::kFailure},
      {RunOutcome::kFailed, false, true, false, D::kFailure},
      {RunOutcome::kFailed, false, true, true, D::kFailure},
      {RunOutcome::kFailed, true, false, false, D::kSuccessWithTimeout},
      {RunOutcome::kFailed, true, false, true, D::kSuccessWithTimeout},
      {RunOutcome::kFailed, true, true, false, D::kSuccessWithTimeout},
      {RunOutcome::kFailed, true, true, true, D::kSuccessWithTimeout},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(StateOfTry({row.outcome, row.continued, row.waived, row.retried}), row.expected)
        << static_cast<int>(row.outcome) << row.continued << row.waived << row.retried;
  }
  for (int bits = 0; bits < 8; ++bits) {
    const bool a = bits & 1, b = bits & 2, c = bits & 4;
    EXPECT_EQ(StateOfTry({RunOutcome::kRunning, a, b, c}), D::kInProgress);
    EXPECT_EQ(StateOfTry({RunOutcome::kAbandoned, a, b, c}), D::kFailure);
  }
}

TEST(StateOfDeploymentTest, EveryStateHasItsResult) {
  const auto plain = [](DeviceState state) { return StateOfDeployment({.state = state}); };
  EXPECT_EQ(plain(DeviceState::kRegistered), D::kNotAttempted);
  EXPECT_EQ(plain(DeviceState::kPresent), D::kInProgress);
  EXPECT_EQ(plain(DeviceState::kEnrolled), D::kInProgress);
  EXPECT_EQ(plain(DeviceState::kProvisioning), D::kInProgress);
  EXPECT_EQ(plain(DeviceState::kReadyToSeal), D::kInProgress);
  EXPECT_EQ(plain(DeviceState::kSealing), D::kInProgress);
  EXPECT_EQ(plain(DeviceState::kSealed), D::kSuccess);
  EXPECT_EQ(plain(DeviceState::kUserSetup), D::kInProgress);
  EXPECT_EQ(plain(DeviceState::kInService), D::kSuccess);
  EXPECT_EQ(plain(DeviceState::kFailed), D::kFailure);
  EXPECT_EQ(plain(DeviceState::kBlocked), D::kNotAttempted);
  EXPECT_EQ(plain(DeviceState::kRetired), D::kUnknown);
}

TEST(StateOfDeploymentTest, AProfileThatDoesNotAllowTheFlowDisablesWhatHasNotBegun) {
  for (const DeviceState state : kAllDeviceStates) {
    const bool waits = state == DeviceState::kRegistered || state == DeviceState::kPresent ||
                       state == DeviceState::kEnrolled;
    EXPECT_EQ(StateOfDeployment({.state = state, .flow_allowed = false}) == D::kDisabled, waits)
        << NameOf(state);
  }
}

TEST(StateOfDeploymentTest, SuccessOnRetryIsToldApart) {
  for (const DeviceState state : {DeviceState::kSealed, DeviceState::kInService}) {
    EXPECT_EQ(StateOfDeployment({.state = state, .retried = true}), D::kSuccessOnRetry);
  }
}

TEST(StateOfDeploymentTest, SuccessWithTimeoutOutranksSuccessOnRetry) {
  for (const DeviceState state : {DeviceState::kSealed, DeviceState::kInService}) {
    EXPECT_EQ(StateOfDeployment({.state = state, .continued = true}), D::kSuccessWithTimeout);
    EXPECT_EQ(StateOfDeployment({.state = state, .waived = true}), D::kSuccessWithTimeout);
    EXPECT_EQ(StateOfDeployment({.state = state, .waived = true, .retried = true}),
              D::kSuccessWithTimeout);
  }
}

TEST(StateOfDeploymentTest, ABlockedDeviceFailedOnlyIfItTried) {
  EXPECT_EQ(StateOfDeployment({.state = DeviceState::kBlocked, .attempted = true}), D::kFailure);
}

TEST(StateOfDeploymentTest, EveryResultHasItsOwnName) {
  std::set<std::string_view> names;
  for (int value = 0; value <= 7; ++value) names.insert(NameOf(static_cast<D>(value)));
  EXPECT_EQ(names.size(), 8u);
  EXPECT_FALSE(names.contains(""));
}

}  // namespace
}  // namespace preseal::server
