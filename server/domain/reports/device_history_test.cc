// SPDX-License-Identifier: Apache-2.0
#include "server/domain/reports/device_history.h"

#include <gtest/gtest.h>

#include <vector>

#include "server/domain/reports/durations.h"

namespace preseal::server {
namespace {

using S = DeviceState;
using std::chrono::seconds;

WallTime At(int second) { return FromMicros(1'700'000'000'000'000 + second * 1'000'000LL); }

// States that follow each other every ten seconds, from second 0 on.
std::vector<DeviceMark> Every10Seconds(std::initializer_list<S> states) {
  std::vector<DeviceMark> marks;
  for (const S state : states) {
    marks.push_back({At(10 * static_cast<int>(marks.size())), state, ContactState::kConnected});
  }
  return marks;
}

TEST(LatestDeploymentTest, NothingHasBegunBeforeTheFirstEvidence) {
  EXPECT_FALSE(LatestDeployment({}).start);
  EXPECT_FALSE(LatestDeployment(Every10Seconds({S::kRegistered})).start);
}

TEST(LatestDeploymentTest, ARetriedAttestationBelongsToTheSameDeployment) {
  const auto found = LatestDeployment(
      Every10Seconds({S::kRegistered, S::kPresent, S::kFailed, S::kPresent, S::kEnrolled}));
  EXPECT_EQ(found.start, At(10));
  EXPECT_FALSE(found.end);
}

TEST(LatestDeploymentTest, RunsFromFirstEvidenceToService) {
  const auto found = LatestDeployment(
      Every10Seconds({S::kRegistered, S::kPresent, S::kEnrolled, S::kProvisioning, S::kReadyToSeal,
                      S::kSealing, S::kSealed, S::kUserSetup, S::kInService}));
  EXPECT_EQ(found.start, At(10));
  EXPECT_EQ(found.seal_time, At(60));
  EXPECT_EQ(found.user_time, At(70));
  EXPECT_EQ(found.end, At(80));
}

TEST(LatestDeploymentTest, AnAllowedNextEnrolmentBeginsAnew) {
  for (const S last : {S::kSealed, S::kUserSetup, S::kInService}) {
    const auto found = LatestDeployment(
        Every10Seconds({S::kRegistered, S::kPresent, S::kSealed, last, S::kPresent}));
    EXPECT_EQ(found.start, At(40));
    EXPECT_FALSE(found.seal_time);
    EXPECT_FALSE(found.user_time);
    EXPECT_FALSE(found.end);
  }
}

TEST(LatestDeploymentTest, AReleasedBlockBeginsAnew) {
  auto marks = Every10Seconds({S::kRegistered, S::kPresent, S::kBlocked});
  EXPECT_EQ(LatestDeployment(marks).end, At(20));
  marks.push_back({At(30), S::kRegistered});
  EXPECT_FALSE(LatestDeployment(marks).start);
  marks.push_back({At(40), S::kPresent});
  EXPECT_EQ(LatestDeployment(marks).start, At(40));
}

TEST(LatestDeploymentTest, RetirementDoesNotMoveTheEndOfService) {
  const auto found = LatestDeployment(
      Every10Seconds({S::kPresent, S::kSealed, S::kUserSetup, S::kInService, S::kRetired}));
  EXPECT_EQ(found.end, At(30));
}

TEST(LatestDeploymentTest, AChangeOfContactIsNoNewDeployment) {
  auto marks = Every10Seconds({S::kRegistered, S::kPresent});
  marks.push_back({At(15), S::kPresent, ContactState::kSilent});
  EXPECT_EQ(LatestDeployment(marks).start, At(10));
}

TEST(DurationsTest, NothingBeforeTheDeploymentBegan) {
  const auto sum = DurationsOf({}, {}, At(100));
  EXPECT_FALSE(sum.total || sum.device_setup || sum.account_setup);
}

TEST(DurationsTest, TheWaitForTheUserIsNotCounted) {
  const Deployment deployment{
      .start = At(0), .seal_time = At(100), .user_time = At(1000), .end = At(1030)};
  const std::vector<RunTimes> runs{{Flow::kTechnician, At(10), At(30)},
                                   {Flow::kTechnician, At(40), At(90)},
                                   {Flow::kUser, At(1000), At(1030)}};
  const auto sum = DurationsOf(deployment, runs, At(5000));
  EXPECT_EQ(sum.total, seconds(130));
  EXPECT_EQ(sum.device_setup, seconds(70));
  EXPECT_EQ(sum.account_setup, seconds(30));
}

TEST(DurationsTest, WhatGoesOnIsCountedUntilNow) {
  const Deployment deployment{.start = At(0)};
  const std::vector<RunTimes> runs{{Flow::kTechnician, At(10), {}}};
  const auto sum = DurationsOf(deployment, runs, At(25));
  EXPECT_EQ(sum.total, seconds(25));
  EXPECT_EQ(sum.device_setup, seconds(15));
  EXPECT_FALSE(sum.account_setup);
}

TEST(DurationsTest, RunsOfAnEarlierDeploymentAreLeftOut) {
  const std::vector<RunTimes> runs{{Flow::kTechnician, At(10), At(20)},
                                   {Flow::kTechnician, At(110), At(115)}};
  EXPECT_EQ(DurationsOf({.start = At(100)}, runs, At(120)).device_setup, seconds(5));
}

TEST(DurationsTest, AClockThatWentBackMakesZeroAndNothingNegative) {
  const std::vector<RunTimes> runs{{Flow::kTechnician, At(10), At(5)}};
  const auto sum = DurationsOf({.start = At(10)}, runs, At(0));
  EXPECT_EQ(sum.total, seconds(0));
  EXPECT_EQ(sum.device_setup, seconds(0));
}

}  // namespace
}  // namespace preseal::server
