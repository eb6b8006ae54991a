// SPDX-License-Identifier: Apache-2.0
#include "server/domain/reports/journey.h"

#include <gtest/gtest.h>

namespace preseal::server {
namespace {

using D = DeploymentState;
using R = RunOutcome;

WallTime At(int second) { return FromMicros(1'700'000'000'000'000 + second * 1'000'000LL); }

// The n-th run, of ten seconds, begun at second 100 n.
JourneyRun MakeRun(uint32_t attempt, R outcome, Flow flow = Flow::kTechnician) {
  JourneyRun run{.run_id = RunId::Of(DeviceId::FromNumber(1042), attempt),
                 .flow = flow,
                 .outcome = outcome,
                 .start = At(100 * static_cast<int>(attempt))};
  if (outcome != R::kRunning) run.end = run.start + std::chrono::seconds(10);
  return run;
}

TEST(JourneyTest, SealedAtTheFirstTryIsFirstTimeRight) {
  const auto journey = JourneyOf(std::vector{MakeRun(1, R::kSucceeded)}, At(150), At(999));
  EXPECT_EQ(journey.attempts, 1u);
  EXPECT_TRUE(journey.succeeded);
  EXPECT_TRUE(journey.first_time_right);
  EXPECT_EQ(journey.start, At(100));
  EXPECT_EQ(journey.end, At(150));
  ASSERT_EQ(journey.tries.size(), 1u);
  EXPECT_EQ(journey.tries[0].state, D::kSuccess);
  EXPECT_EQ(journey.tries[0].duration, std::chrono::seconds(10));
}

TEST(JourneyTest, GreenThatWasNeverSealedIsNoSuccess) {
  const auto journey = JourneyOf(std::vector{MakeRun(1, R::kSucceeded)}, {}, At(999));
  EXPECT_FALSE(journey.succeeded);
  EXPECT_FALSE(journey.first_time_right);
}

TEST(JourneyTest, EveryTryThatEndedCounts) {
  const auto journey = JourneyOf(
      std::vector{MakeRun(1, R::kFailed), MakeRun(2, R::kAbandoned), MakeRun(3, R::kSucceeded)},
      At(350), At(999));
  EXPECT_EQ(journey.attempts, 3u);
  EXPECT_TRUE(journey.succeeded);
  EXPECT_FALSE(journey.first_time_right);
  EXPECT_EQ(journey.tries[0].state, D::kFailure);
  EXPECT_EQ(journey.tries[1].state, D::kFailure);
  EXPECT_EQ(journey.tries[2].state, D::kSuccessOnRetry);
}

TEST(JourneyTest, ARunUnderWayIsNoAttemptYet) {
  const auto journey = JourneyOf(std::vector{MakeRun(1, R::kRunning)}, {}, At(130));
  EXPECT_EQ(journey.attempts, 0u);
  EXPECT_EQ(journey.tries[0].state, D::kInProgress);
  EXPECT_EQ(journey.tries[0].duration, std::chrono::seconds(30));
}

TEST(JourneyTest, AWaivedItemIsNotFirstTimeRight) {
  JourneyRun run = MakeRun(1, R::kSucceeded);
  run.waived = true;
  const auto journey = JourneyOf(std::vector{run}, At(150), At(999));
  EXPECT_TRUE(journey.succeeded);
  EXPECT_FALSE(journey.first_time_right);
  EXPECT_EQ(journey.tries[0].state, D::kSuccessWithTimeout);
}

TEST(JourneyTest, TheUserFlowIsApart) {
  const auto journey =
      JourneyOf(std::vector{MakeRun(1, R::kSucceeded), MakeRun(2, R::kFailed, Flow::kUser),
                            MakeRun(3, R::kSucceeded, Flow::kUser)},
                At(150), At(999));
  EXPECT_EQ(journey.attempts, 1u);
  EXPECT_TRUE(journey.first_time_right);
  ASSERT_EQ(journey.tries.size(), 3u);
  EXPECT_EQ(journey.tries[2].state, D::kSuccessOnRetry);
}

TEST(JourneyTest, WhatCameAfterTheFirstSealIsAnotherDeployment) {
  const auto journey =
      JourneyOf(std::vector{MakeRun(1, R::kSucceeded), MakeRun(2, R::kFailed)}, At(150), At(999));
  EXPECT_EQ(journey.attempts, 1u);
  EXPECT_EQ(journey.tries.size(), 1u);
  EXPECT_TRUE(journey.first_time_right);
}

TEST(JourneyTest, WithoutRunsThereIsNone) {
  const auto journey = JourneyOf({}, {}, At(1));
  EXPECT_EQ(journey.attempts, 0u);
  EXPECT_FALSE(journey.start);
  EXPECT_TRUE(journey.tries.empty());
}

}  // namespace
}  // namespace preseal::server
