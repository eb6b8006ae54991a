// SPDX-License-Identifier: Apache-2.0
#include "agent/domain/engine/run_clock.h"

#include <gtest/gtest.h>

namespace preseal::agent {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr milliseconds kWindow = minutes(20);
const WallTime kLast = FromMicros(1'800'000'000'000'000);
const std::chrono::steady_clock::time_point kStart{hours(5)};

milliseconds CountedAfter(std::chrono::milliseconds wall_difference) {
  return RunClock::GapOf(kLast, kLast + wall_difference, kWindow).counted;
}

TEST(RunClockTest, BeginsAtZeroAndFollowsTheSteadyClock) {
  const RunClock clock(kStart);
  EXPECT_EQ(clock.At(kStart), milliseconds(0));
  EXPECT_EQ(clock.At(kStart + minutes(3)), minutes(3));
  EXPECT_EQ(clock.TimeOf(minutes(3)), kStart + minutes(3));
}

TEST(RunClockTest, APlausibleGapCountsAsItWas) {
  EXPECT_EQ(CountedAfter(milliseconds(0)), milliseconds(0));
  EXPECT_EQ(CountedAfter(minutes(7)), minutes(7));
  EXPECT_EQ(CountedAfter(kWindow), kWindow);
  EXPECT_FALSE(RunClock::GapOf(kLast, kLast + kWindow, kWindow).late);
}

TEST(RunClockTest, AClockOffByADayInEitherDirectionCountsAsTheWindow) {
  EXPECT_EQ(CountedAfter(hours(24)), kWindow);
  EXPECT_EQ(CountedAfter(hours(-24)), kWindow);
  EXPECT_EQ(CountedAfter(milliseconds(-1)), kWindow);
}

TEST(RunClockTest, OnlyALongerGapIsLate) {
  EXPECT_TRUE(RunClock::GapOf(kLast, kLast + kWindow + milliseconds(1), kWindow).late);
  EXPECT_FALSE(RunClock::GapOf(kLast, kLast - hours(24), kWindow).late);
}

TEST(RunClockTest, GoesOnBehindTheNewestEventAndNeverBack) {
  for (const auto difference : {hours(-24), hours(0), hours(24)}) {
    const auto gap = RunClock::GapOf(kLast, kLast + difference, kWindow);
    const RunClock clock = RunClock::Continue(minutes(30), gap, kStart);
    EXPECT_GE(clock.At(kStart), minutes(30));
    EXPECT_LE(clock.At(kStart), minutes(50));
    EXPECT_EQ(clock.At(kStart + minutes(1)) - clock.At(kStart), minutes(1));
  }
}

}  // namespace
}  // namespace preseal::agent
