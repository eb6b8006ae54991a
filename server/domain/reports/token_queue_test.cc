// SPDX-License-Identifier: Apache-2.0
#include "server/domain/reports/token_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "common/base/limits.h"

namespace preseal::server {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

TokenQueue::Time At(std::chrono::milliseconds since) { return TokenQueue::Time() + 1h + since; }

TokenUser User(uint64_t device, std::string item_id = "app") {
  return {DeviceId::FromNumber(1000 + device), std::move(item_id)};
}

std::vector<TokenUser> UsersOf(const std::vector<TokenQueue::Entry>& entries) {
  std::vector<TokenUser> users;
  for (const auto& entry : entries) users.push_back(entry.user);
  return users;
}

TEST(TokenQueueTest, GrantsUpToTheLimitAndQueuesTheRestInOrder) {
  TokenQueue queue(2, 100, 80s);
  EXPECT_TRUE(queue.Ask(User(1), At(0s)).granted);
  EXPECT_TRUE(queue.Ask(User(2), At(0s)).granted);
  EXPECT_EQ(queue.Ask(User(3), At(0s)).place, 1u);
  EXPECT_EQ(queue.Ask(User(4), At(0s)).place, 2u);
  EXPECT_THAT(UsersOf(queue.Holders()), ElementsAre(User(1), User(2)));
  EXPECT_THAT(UsersOf(queue.Waiters()), ElementsAre(User(3), User(4)));
}

// It may name any item it likes.
TEST(TokenQueueTest, OneDeviceCannotTakeEveryToken) {
  TokenQueue queue(100, 100, 80s);
  for (uint32_t i = 0; i < kStepsInFlightMax; ++i) {
    EXPECT_TRUE(queue.Ask(User(1, "item-" + std::to_string(i)), At(0s)).granted);
  }
  const TokenPlace more = queue.Ask(User(1, "one-more"), At(0s));
  EXPECT_FALSE(more.granted);
  EXPECT_EQ(more.place, 0u);
  EXPECT_TRUE(queue.Ask(User(2), At(0s)).granted);
  queue.Release(User(1, "item-0"), At(0s));
  EXPECT_TRUE(queue.Ask(User(1, "one-more"), At(0s)).granted);
}

TEST(TokenQueueTest, AskingAgainKeepsThePlace) {
  TokenQueue queue(1, 100, 80s);
  queue.Ask(User(1), At(0s));
  queue.Ask(User(2), At(0s));
  queue.Ask(User(3), At(0s));
  EXPECT_EQ(queue.Ask(User(2), At(20s)).place, 1u);
  EXPECT_TRUE(queue.Ask(User(1), At(20s)).granted);
}

TEST(TokenQueueTest, AReleaseGrantsTheNextAndTellsEverybodyBehind) {
  TokenQueue queue(1, 100, 80s);
  for (uint64_t device = 1; device <= 3; ++device) queue.Ask(User(device), At(0s));
  EXPECT_THAT(queue.TakeChanges(10), IsEmpty());
  queue.Release(User(1), At(5s));
  const auto changes = queue.TakeChanges(10);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].user, User(2));
  EXPECT_TRUE(changes[0].place.granted);
  EXPECT_EQ(changes[1].user, User(3));
  EXPECT_EQ(changes[1].place.place, 1u);
  EXPECT_THAT(queue.TakeChanges(10), IsEmpty());
}

TEST(TokenQueueTest, OnlyTheFirstPlacesAreToldOfAMove) {
  TokenQueue queue(1, 100, 80s);
  for (uint64_t device = 1; device <= 5; ++device) queue.Ask(User(device), At(0s));
  queue.Release(User(1), At(5s));
  EXPECT_EQ(queue.TakeChanges(1).size(), 2u);  // the new holder and place 1
  EXPECT_EQ(queue.Ask(User(5), At(6s)).place, 3u);
}

TEST(TokenQueueTest, AHolderThatVanishedFreesItsPlace) {
  TokenQueue queue(1, 100, 80s);
  queue.Ask(User(1), At(0s));
  queue.Ask(User(2), At(79s));
  queue.Expire(At(80s));
  EXPECT_THAT(queue.TakeChanges(10), IsEmpty());
  queue.Expire(At(80s + 1ms));
  const auto changes = queue.TakeChanges(10);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].user, User(2));
  EXPECT_TRUE(changes[0].place.granted);
}

TEST(TokenQueueTest, AWaiterThatVanishedMovesTheOthersUp) {
  TokenQueue queue(1, 100, 80s);
  for (uint64_t device = 1; device <= 3; ++device) queue.Ask(User(device), At(0s));
  queue.Ask(User(1), At(60s));
  queue.Ask(User(3), At(60s));
  queue.Expire(At(90s));
  EXPECT_THAT(UsersOf(queue.Waiters()), ElementsAre(User(3)));
  EXPECT_EQ(queue.Ask(User(3), At(90s)).place, 1u);
}

TEST(TokenQueueTest, OneDeviceMayAskForManyItemsAndLosesThemTogether) {
  TokenQueue queue(2, 100, 80s);
  queue.Ask(User(1, "a"), At(0s));
  queue.Ask(User(1, "b"), At(0s));
  queue.Ask(User(1, "c"), At(0s));
  queue.Ask(User(2), At(0s));
  queue.Drop(DeviceId::FromNumber(1001), At(1s));
  EXPECT_THAT(UsersOf(queue.Holders()), ElementsAre(User(2)));
  EXPECT_THAT(queue.Waiters(), IsEmpty());
}

TEST(TokenQueueTest, AFullQueueTurnsNewcomersAwayAndKeepsTheOthers) {
  TokenQueue queue(1, 1, 80s);
  queue.Ask(User(1), At(0s));
  EXPECT_EQ(queue.Ask(User(2), At(0s)).place, 1u);
  const TokenPlace refused = queue.Ask(User(3), At(0s));
  EXPECT_FALSE(refused.granted);
  EXPECT_EQ(refused.place, 0u);
  EXPECT_EQ(queue.Ask(User(2), At(1s)).place, 1u);
}

TEST(TokenQueueTest, EstimatesFromTheMeanTimeTokensWereHeld) {
  TokenQueue queue(2, 100, 80s);
  queue.Ask(User(1), At(0s));
  queue.Ask(User(2), At(0s));
  EXPECT_FALSE(queue.Ask(User(3), At(0s)).estimate);
  queue.Release(User(1), At(10s));
  queue.Release(User(2), At(30s));
  queue.Ask(User(4), At(30s));
  EXPECT_EQ(queue.Ask(User(5), At(30s)).estimate, 10s);  // 20 s each, two at once
  EXPECT_EQ(queue.Ask(User(6), At(30s)).estimate, 20s);
}

TEST(TokenQueueTest, AStrangersReleaseChangesNothing) {
  TokenQueue queue(1, 100, 80s);
  queue.Ask(User(1), At(0s));
  queue.Release(User(2), At(1s));
  queue.Release(User(1, "other"), At(1s));
  EXPECT_THAT(UsersOf(queue.Holders()), ElementsAre(User(1)));
}

// A random floor: devices ask, release, vanish and are expired, in any order.
TEST(TokenQueueTest, NeverMoreThanTheLimitPlacesOnlyFallAndEverybodyIsServed) {
  std::mt19937 random(7);
  const auto draw = [&random](uint64_t low, uint64_t high) {
    return std::uniform_int_distribution<uint64_t>(low, high)(random);
  };
  for (int round = 0; round < 30; ++round) {
    const auto limit = static_cast<uint32_t>(draw(1, 4));
    TokenQueue queue(limit, 1000, 80s);
    std::chrono::milliseconds now{0};
    std::map<TokenUser, uint32_t> places;
    const auto note = [&](const TokenUser& user, const TokenPlace& place) {
      const auto before = places.find(user);
      if (before != places.end()) {
        ASSERT_LE(place.place, before->second) << "round " << round;
      }
      places[user] = place.place;
    };
    for (int step = 0; step < 400; ++step) {
      const TokenUser user = User(draw(1, 20), draw(0, 1) == 0 ? "a" : "b");
      now += std::chrono::milliseconds(draw(0, 3000));
      const uint64_t what = draw(0, 9);
      if (what < 6) {
        note(user, queue.Ask(user, At(now)));
      } else if (what < 8) {
        queue.Release(user, At(now));
        places.erase(user);
      } else if (what < 9) {
        queue.Drop(user.device, At(now));
        places.erase({user.device, "a"});
        places.erase({user.device, "b"});
      } else {
        queue.Expire(At(now));
        std::map<TokenUser, uint32_t> alive;
        for (const auto& list : {queue.Holders(), queue.Waiters()}) {
          for (const auto& entry : list) {
            if (places.contains(entry.user)) alive[entry.user] = places[entry.user];
          }
        }
        places = alive;
      }
      for (const auto& told : queue.TakeChanges(1000)) note(told.user, told.place);
      ASSERT_LE(queue.Holders().size(), limit);
      ASSERT_TRUE(queue.Waiters().empty() || queue.Holders().size() == limit);
    }
    // Nobody starves: with holders giving back, each waiter is served in its turn.
    const auto waiting = UsersOf(queue.Waiters());
    std::vector<TokenUser> served;
    while (!queue.Waiters().empty()) {
      queue.Release(queue.Holders().front().user, At(now += 1s));
      for (const auto& told : queue.TakeChanges(1000)) {
        if (told.place.granted) served.push_back(told.user);
      }
    }
    ASSERT_EQ(served, waiting);
  }
}

}  // namespace
}  // namespace preseal::server
