// SPDX-License-Identifier: Apache-2.0
#include "agent/service/run/token_keeper.h"

#include <gtest/gtest.h>

#include "common/base/limits.h"

namespace preseal::agent {
namespace {

class TurnedClock final : public Clock {
 public:
  WallTime Now() const override { return {}; }
  std::chrono::steady_clock::time_point Steady() const override { return now; }
  std::chrono::steady_clock::time_point now{std::chrono::hours(1)};
};

class TokenKeeperTest : public testing::Test {
 protected:
  TokenState Granted() const { return {"download", "office", true, 0, {}, kTokenLease}; }
  // The requests and releases that are due, as "+item" and "-item".
  std::string Due() {
    std::string text;
    for (const UpMessage& message : keeper_.Due(clock_.now)) {
      if (const auto* ask = std::get_if<TokenRequest>(&message)) text += "+" + ask->item_id;
      if (const auto* give = std::get_if<TokenRelease>(&message)) text += "-" + give->item_id;
    }
    return text;
  }
  TokenClient::Standing Look() const { return keeper_.Look("download", "office"); }

  TurnedClock clock_;
  ChangeSignal signal_;
  TokenKeeper keeper_{clock_, signal_};
};

TEST_F(TokenKeeperTest, AsksAtOnceAndThenInTimeToKeepThePlace) {
  keeper_.Connected({}, clock_.now);
  keeper_.Want("download", "office");
  EXPECT_EQ(Due(), "+office");
  EXPECT_EQ(Due(), "");
  EXPECT_EQ(keeper_.NextDue(), clock_.now + kTokenRenewEvery);
  clock_.now += kTokenRenewEvery;
  EXPECT_EQ(Due(), "+office");
}

TEST_F(TokenKeeperTest, TellsThePlaceInTheQueueThenTheToken) {
  keeper_.Connected({}, clock_.now);
  keeper_.Want("download", "office");
  keeper_.Receive(TokenState{"download", "office", false, 3, {}, {}}, clock_.now);
  EXPECT_FALSE(Look().granted);
  EXPECT_EQ(Look().place, 3u);
  const uint64_t before = signal_.version();
  keeper_.Receive(Granted(), clock_.now);
  EXPECT_TRUE(Look().granted);
  EXPECT_EQ(Look().place, 0u);
  EXPECT_GT(signal_.version(), before);
}

TEST_F(TokenKeeperTest, ATokenEndsWithItsLeaseAndTheEngineIsTold) {
  keeper_.Connected({}, clock_.now);
  keeper_.Want("download", "office");
  keeper_.Receive(Granted(), clock_.now);
  clock_.now += kTokenLease;
  EXPECT_FALSE(Look().granted);
  const uint64_t before = signal_.version();
  EXPECT_EQ(Due(), "+office");
  EXPECT_GT(signal_.version(), before);
}

TEST_F(TokenKeeperTest, ARenewalKeepsTheToken) {
  keeper_.Connected({}, clock_.now);
  keeper_.Want("download", "office");
  keeper_.Receive(Granted(), clock_.now);
  clock_.now += kTokenLease / 2;
  keeper_.Receive(Granted(), clock_.now);
  clock_.now += kTokenLease / 2;
  EXPECT_TRUE(Look().granted);
}

TEST_F(TokenKeeperTest, ABrokenStreamLosesTheTokenButNotTheWant) {
  keeper_.Connected({}, clock_.now);
  keeper_.Want("download", "office");
  EXPECT_EQ(Due(), "+office");
  keeper_.Receive(Granted(), clock_.now);
  const uint64_t before = signal_.version();
  keeper_.Lost();
  EXPECT_FALSE(Look().granted);
  EXPECT_GT(signal_.version(), before);
  keeper_.Connected({}, clock_.now);
  EXPECT_EQ(Due(), "+office");
}

TEST_F(TokenKeeperTest, AReleaseIsToldOnceAndNotAfterTheStreamBroke) {
  keeper_.Connected({}, clock_.now);
  keeper_.Want("download", "office");
  keeper_.Want("download", "tools");
  EXPECT_EQ(Due(), "+office+tools");
  keeper_.Release("download", "office");
  EXPECT_EQ(Due(), "-office");
  EXPECT_EQ(Due(), "");
  keeper_.Lost();
  keeper_.Release("download", "tools");
  keeper_.Connected({}, clock_.now);
  EXPECT_EQ(Due(), "");
}

TEST_F(TokenKeeperTest, AGrantThatCrossedTheReleaseIsNobodys) {
  keeper_.Connected({}, clock_.now);
  keeper_.Want("download", "office");
  keeper_.Release("download", "office");
  keeper_.Receive(Granted(), clock_.now);
  EXPECT_FALSE(Look().granted);
}

}  // namespace
}  // namespace preseal::agent
