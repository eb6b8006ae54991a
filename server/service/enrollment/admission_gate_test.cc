// SPDX-License-Identifier: Apache-2.0
#include "server/service/enrollment/admission_gate.h"

#include <gtest/gtest.h>

namespace preseal::server {
namespace {

class SteadyClock final : public Clock {
 public:
  WallTime Now() const override { return {}; }
  std::chrono::steady_clock::time_point Steady() const override { return now_; }
  void Turn(std::chrono::steady_clock::duration by) { now_ += by; }

 private:
  std::chrono::steady_clock::time_point now_{std::chrono::hours(1)};
};

class AdmissionGateTest : public testing::Test {
 protected:
  SteadyClock clock_;
  AdmissionGate gate_{clock_};
};

TEST_F(AdmissionGateTest, ALoopingAddressIsHeldWhateverPortItComesFrom) {
  uint32_t passed = 0;
  for (uint32_t i = 0; i < kEnrollmentsPerPeerBurst + 10; ++i) {
    if (!gate_.Refuse("bench", "ipv4:10.0.0.7:" + std::to_string(1024 + i))) ++passed;
  }
  EXPECT_EQ(passed, kEnrollmentsPerPeerBurst);
  EXPECT_EQ(gate_.Refuse("bench", "ipv4:10.0.0.7:1"), "too many from ipv4:10.0.0.7");
  EXPECT_EQ(gate_.Refuse("bench", "ipv4:10.0.0.8:1"), std::nullopt);
  clock_.Turn(kEnrollmentsPerPeerEvery);
  EXPECT_EQ(gate_.Refuse("bench", "ipv4:10.0.0.7:1"), std::nullopt);
}

TEST_F(AdmissionGateTest, AStationIsHeldWhateverAddressesItComesFrom) {
  uint32_t passed = 0;
  for (uint32_t i = 0; i < kEnrollmentsPerStationBurst + 10; ++i) {
    if (!gate_.Refuse("bench", "ipv4:10.0." + std::to_string(i % 200) + ".1:5")) ++passed;
  }
  EXPECT_EQ(passed, kEnrollmentsPerStationBurst);
  EXPECT_EQ(gate_.Refuse("other", "ipv4:10.1.0.1:5"), std::nullopt);
}

TEST_F(AdmissionGateTest, OneSerialNumberEnrolsOnceAtATime) {
  auto turn = gate_.TakeTurn("S-1");
  ASSERT_NE(turn, nullptr);
  EXPECT_EQ(gate_.TakeTurn(" s-1 "), nullptr);
  EXPECT_NE(gate_.TakeTurn("S-2"), nullptr);
  turn.reset();
  EXPECT_NE(gate_.TakeTurn("S-1"), nullptr);
}

}  // namespace
}  // namespace preseal::server
