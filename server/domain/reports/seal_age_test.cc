// SPDX-License-Identifier: Apache-2.0
#include "server/domain/reports/seal_age.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace preseal::server {
namespace {

using namespace std::chrono_literals;

const WallTime kSealed = FromMicros(1'700'000'000'000'000);

SealAge AgeAfter(std::chrono::microseconds age, const SealPolicy& policy = {}) {
  return AgeOf(kSealed, kSealed + age, policy);
}

TEST(SealAgeTest, TurnsAtEachLimitToTheMicrosecond) {
  EXPECT_EQ(AgeAfter(0us), SealAge::kFresh);
  EXPECT_EQ(AgeAfter(90min - 1us), SealAge::kFresh);
  EXPECT_EQ(AgeAfter(90min), SealAge::kOk);
  EXPECT_EQ(AgeAfter(24h * 150 - 1us), SealAge::kOk);
  EXPECT_EQ(AgeAfter(24h * 150), SealAge::kAgeing);
  EXPECT_EQ(AgeAfter(24h * 183 - 1us), SealAge::kAgeing);
  EXPECT_EQ(AgeAfter(24h * 183), SealAge::kExpired);
}

TEST(SealAgeTest, TheFloorsOwnLimitsCount) {
  const SealPolicy policy{.fresh = 0s, .ageing = 10s, .expired = 20s};
  EXPECT_EQ(AgeAfter(0us, policy), SealAge::kOk);
  EXPECT_EQ(AgeAfter(10s, policy), SealAge::kAgeing);
  EXPECT_EQ(AgeAfter(20s, policy), SealAge::kExpired);
}

TEST(SealAgeTest, ASealFromTheFutureIsFresh) { EXPECT_EQ(AgeAfter(-24h), SealAge::kFresh); }

TEST(SealPolicyTest, LimitsOutOfOrderAreRefused) {
  EXPECT_OK(CheckSealPolicy({}));
  EXPECT_OK(CheckSealPolicy({.fresh = 0s, .ageing = 0s, .expired = 1s}));
  for (const SealPolicy& bad :
       {SealPolicy{.fresh = -1s}, SealPolicy{.fresh = 24h * 151}, SealPolicy{.ageing = 24h * 184},
        SealPolicy{.fresh = 0s, .ageing = 0s, .expired = 0s}}) {
    EXPECT_THAT(CheckSealPolicy(bad), test::StatusIs(StatusCode::kInvalidArgument));
  }
}

}  // namespace
}  // namespace preseal::server
