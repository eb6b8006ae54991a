// SPDX-License-Identifier: Apache-2.0
#include "server/domain/reports/one_time_rule.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace preseal::server {
namespace {

using namespace std::chrono_literals;

const WallTime kNow = FromMicros(1'700'000'000'000'000);

Device SealedDevice() {
  Device device{.id = DeviceId::FromNumber(1042)};
  device.state = DeviceState::kSealed;
  device.enrolled = true;
  device.deployments = 1;
  device.attempt = 3;
  device.blocking_satisfied = true;
  device.seal_time = kNow - 24h;
  device.sealed_plan_digest = std::string(64, 'a');
  device.device_name = "ACME-0042";
  return device;
}

TEST(OneTimeRuleTest, HoldsInEveryStateAfterTheSealAndNoOther) {
  for (const DeviceState state : kAllDeviceStates) {
    Device device{.state = state};
    device.deployments = 1;
    const bool after_seal = state == DeviceState::kSealed || state == DeviceState::kUserSetup ||
                            state == DeviceState::kInService;
    EXPECT_EQ(OneTimeUsed(device), after_seal) << NameOf(state);
    device.flow = Flow::kUser;
    EXPECT_EQ(OneTimeUsed(device), after_seal || state == DeviceState::kFailed) << NameOf(state);
  }
}

TEST(OneTimeRuleTest, APermissionHoldsUntilItExpires) {
  Device device = SealedDevice();
  EXPECT_FALSE(NextIsAllowed(device, kNow));
  device.allow_next = AllowNext{"lena", "board swap", kNow + 1us};
  EXPECT_TRUE(NextIsAllowed(device, kNow));
  EXPECT_FALSE(NextIsAllowed(device, kNow + 1us));
  EXPECT_NE(OneTimeSeen(device, kNow + 1us).find("lena has expired"), std::string::npos);
}

TEST(OneTimeRuleTest, BeginningAgainUsesThePermissionUpAndKeepsTheCounters) {
  Device device = SealedDevice();
  device.allow_next = AllowNext{"lena", "board swap", kNow + 1h};
  ASSERT_OK(BeginAgain(kNow, &device));
  EXPECT_EQ(device.state, DeviceState::kPresent);
  EXPECT_FALSE(device.enrolled);
  EXPECT_FALSE(device.allow_next);
  EXPECT_FALSE(device.blocking_satisfied);
  EXPECT_FALSE(device.seal_time);
  EXPECT_EQ(device.sealed_plan_digest, "");
  EXPECT_EQ(device.deployments, 1u);
  EXPECT_EQ(device.attempt, 3u);
  EXPECT_EQ(device.device_name, "ACME-0042");
}

TEST(OneTimeRuleTest, ADeviceOnTheBenchCannotBeginAgain) {
  Device device = SealedDevice();
  device.state = DeviceState::kProvisioning;
  EXPECT_THAT(BeginAgain(kNow, &device), test::StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_TRUE(device.enrolled);
}

}  // namespace
}  // namespace preseal::server
