// SPDX-License-Identifier: Apache-2.0
#include "server/domain/device.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace preseal::server {
namespace {

TEST(JunkSerialTest, RefusesWhatFirmwareShipsUnset) {
  for (const char* junk :
       {"", " ", "0", "0000000", "To Be Filled By O.E.M.", "to be filled by oem", "Default string",
        "None", "N/A", "System Serial Number", "xxxxxxxx", "........", "123456789", "INVALID"}) {
    EXPECT_TRUE(IsJunkSerial(junk)) << junk;
  }
}

TEST(JunkSerialTest, AcceptsRealSerials) {
  for (const char* real : {"5CD1234XYZ", "PF2ABCDE", "7H8J9K2", "MXL0123456", "C02XK0AAJG5J"}) {
    EXPECT_FALSE(IsJunkSerial(real)) << real;
  }
}

TEST(AdvanceTest, LeavesTheRecordAloneWhenRefused) {
  Device device{.id = DeviceId::FromNumber(1001), .state = DeviceState::kRegistered};
  EXPECT_THAT(Advance(LifecycleEvent::kReseal, FromMicros(5), &device),
              test::StatusIs(StatusCode::kFailedPrecondition, "D-1001 is REGISTERED"));
  EXPECT_EQ(device.state, DeviceState::kRegistered);
  EXPECT_EQ(device.state_time, WallTime());
}

TEST(AdvanceTest, SaysInWhichStatesARefusedMoveIsPossible) {
  Device device{.id = DeviceId::FromNumber(1001), .state = DeviceState::kReadyToSeal};
  device.enrolled = device.blocking_satisfied = true;
  EXPECT_THAT(Advance(LifecycleEvent::kStart, FromMicros(5), &device),
              test::StatusIs(StatusCode::kFailedPrecondition, "is possible in ENROLLED"));
}

TEST(AdvanceTest, ForgetsTheFailureWhenTheDeviceMovesOn) {
  Device device{
      .state = DeviceState::kFailed, .failure = {.code = "STEP_TIMEOUT"}, .enrolled = true};
  ASSERT_OK(Advance(LifecycleEvent::kRetry, FromMicros(5), &device));
  EXPECT_EQ(device.state, DeviceState::kProvisioning);
  EXPECT_EQ(device.failure.code, "");
  EXPECT_EQ(ToMicros(device.state_time), 5);
}

TEST(AdvanceTest, KeepsTheTimeOfEntryWhenTheStateStays) {
  Device device{.state = DeviceState::kProvisioning, .state_time = FromMicros(3)};
  ASSERT_OK(Advance(LifecycleEvent::kConfirmed, FromMicros(9), &device));
  EXPECT_EQ(ToMicros(device.state_time), 3);
}

}  // namespace
}  // namespace preseal::server
