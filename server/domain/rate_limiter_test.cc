// SPDX-License-Identifier: Apache-2.0
#include "server/domain/rate_limiter.h"

#include <gtest/gtest.h>

namespace preseal::server {
namespace {

using std::chrono_literals::operator""s;
using Time = RateLimiter::Time;

constexpr Time kStart = Time{} + 1000s;

TEST(RateLimiterTest, LetsABurstThroughThenOnePerInterval) {
  RateLimiter limiter(3, 2s, 10);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.Take("bench", kStart)) << i;
  EXPECT_FALSE(limiter.Take("bench", kStart));
  EXPECT_FALSE(limiter.Take("bench", kStart + 1s));
  EXPECT_TRUE(limiter.Take("bench", kStart + 2s));
  EXPECT_FALSE(limiter.Take("bench", kStart + 2s));
}

TEST(RateLimiterTest, IsFullAgainAfterAQuietTimeAndNotFuller) {
  RateLimiter limiter(2, 1s, 10);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(limiter.Take("bench", kStart));
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(limiter.Take("bench", kStart + 100s));
  EXPECT_FALSE(limiter.Take("bench", kStart + 100s));
}

TEST(RateLimiterTest, OneKeyDoesNotUseUpAnothers) {
  RateLimiter limiter(1, 1s, 10);
  EXPECT_TRUE(limiter.Take("a", kStart));
  EXPECT_FALSE(limiter.Take("a", kStart));
  EXPECT_TRUE(limiter.Take("b", kStart));
}

TEST(RateLimiterTest, InventedKeysNeverGrowItAndNeverPushOutABusyOne) {
  RateLimiter limiter(1, 10s, 4);
  EXPECT_TRUE(limiter.Take("busy", kStart));
  for (int i = 0; i < 1000; ++i) limiter.Take(std::to_string(i), kStart);
  EXPECT_EQ(limiter.size(), 4u);
  EXPECT_FALSE(limiter.Take("busy", kStart + 1s));
  EXPECT_FALSE(limiter.Take("new", kStart + 1s));
  EXPECT_TRUE(limiter.Take("new", kStart + 11s)) << "the others are full again and make room";
}

}  // namespace
}  // namespace preseal::server
