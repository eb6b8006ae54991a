// SPDX-License-Identifier: Apache-2.0
#include "server/domain/reports/time_attribution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <random>
#include <set>
#include <utility>

namespace preseal::server {
namespace {

using std::chrono::microseconds;
using testing::ElementsAre;
using testing::IsEmpty;

WallTime At(int64_t micros) { return FromMicros(1'700'000'000'000'000 + micros); }

TimeSpan MakeSpan(TimeKind kind, int64_t start, int64_t end, std::string item_id = "") {
  return {kind, std::move(item_id), At(start), At(end)};
}

microseconds Sum(const TimeAttribution& found) {
  return std::accumulate(
      found.parts.begin(), found.parts.end(), found.remainder,
      [](microseconds sum, const TimePart& part) { return sum + part.duration; });
}

microseconds Share(const TimeAttribution& found, TimeKind kind, std::string_view item_id = "") {
  for (const TimePart& part : found.parts) {
    if (part.kind == kind && part.item_id == item_id) return part.duration;
  }
  return microseconds(0);
}

TEST(AttributeTest, WhatNothingCoversIsTheRemainder) {
  const std::vector spans{MakeSpan(TimeKind::kItem, 10, 30, "a")};
  const auto found = Attribute(At(0), At(100), spans);
  EXPECT_EQ(found.wall_clock, microseconds(100));
  EXPECT_EQ(Share(found, TimeKind::kItem, "a"), microseconds(20));
  EXPECT_EQ(found.remainder, microseconds(80));
}

TEST(AttributeTest, OfEqualKindsTheOneThatBeganFirstGetsTheTime) {
  const std::vector spans{MakeSpan(TimeKind::kItem, 20, 60, "b"),
                          MakeSpan(TimeKind::kItem, 10, 40, "a")};
  const auto found = Attribute(At(0), At(60), spans);
  EXPECT_EQ(Share(found, TimeKind::kItem, "a"), microseconds(30));
  EXPECT_EQ(Share(found, TimeKind::kItem, "b"), microseconds(20));
}

TEST(AttributeTest, TheLowerRankGetsTheTimeOfEveryPairOfKinds) {
  std::set<int> ranks;
  for (int a = 1; a <= 13; ++a) {
    const auto kind_a = static_cast<TimeKind>(a);
    EXPECT_TRUE(ranks.insert(RankOf(kind_a)).second) << NameOf(kind_a);
    for (int b = 1; b <= 13; ++b) {
      const auto kind_b = static_cast<TimeKind>(b);
      if (RankOf(kind_a) >= RankOf(kind_b)) continue;
      // The weaker one is longer and began first.
      const std::vector spans{MakeSpan(kind_b, 0, 100), MakeSpan(kind_a, 50, 60)};
      const auto found = Attribute(At(0), At(100), spans);
      EXPECT_EQ(Share(found, kind_a), microseconds(10)) << NameOf(kind_a) << NameOf(kind_b);
      EXPECT_EQ(Share(found, kind_b), microseconds(90)) << NameOf(kind_a) << NameOf(kind_b);
    }
  }
}

TEST(AttributeTest, SpansOutsideAreClippedAndEmptyOnesIgnored) {
  const std::vector spans{
      MakeSpan(TimeKind::kItem, -50, 10, "a"), MakeSpan(TimeKind::kItem, 90, 900, "b"),
      MakeSpan(TimeKind::kItem, 40, 40, "c"), MakeSpan(TimeKind::kItem, 60, 50, "d")};
  const auto found = Attribute(At(0), At(100), spans);
  ASSERT_EQ(found.parts.size(), 2u);
  EXPECT_EQ(Share(found, TimeKind::kItem, "a"), microseconds(10));
  EXPECT_EQ(Share(found, TimeKind::kItem, "b"), microseconds(10));
  EXPECT_EQ(found.remainder, microseconds(80));
}

TEST(AttributeTest, AnEndBeforeTheStartIsNoTimeAtAll) {
  const auto found = Attribute(At(100), At(0), std::vector{MakeSpan(TimeKind::kHold, 0, 100)});
  EXPECT_EQ(found.wall_clock, microseconds(0));
  EXPECT_EQ(found.remainder, microseconds(0));
  EXPECT_TRUE(found.parts.empty());
}

TEST(AttributeTest, TheLongestPartComesFirst) {
  const std::vector spans{MakeSpan(TimeKind::kItem, 0, 10, "a"),
                          MakeSpan(TimeKind::kItem, 10, 40, "b"),
                          MakeSpan(TimeKind::kPrompt, 40, 60, "b")};
  const auto found = Attribute(At(0), At(60), spans);
  ASSERT_EQ(found.parts.size(), 3u);
  EXPECT_EQ(found.parts[0].item_id, "b");
  EXPECT_EQ(found.parts[1].kind, TimeKind::kPrompt);
  EXPECT_EQ(found.parts[2].item_id, "a");
}

// Which span gets one microsecond, by looking at each of them.
const TimeSpan* OwnerOf(int64_t at, const std::vector<TimeSpan>& spans) {
  const TimeSpan* owner = nullptr;
  for (const TimeSpan& span : spans) {
    if (ToMicros(span.start) > at || ToMicros(span.end) <= at) continue;
    const bool better = owner == nullptr || std::pair(RankOf(span.kind), span.start) <
                                                std::pair(RankOf(owner->kind), owner->start);
    if (better) owner = &span;
  }
  return owner;
}

TEST(AttributeTest, PartsAndRemainderAreTheWallClockForRandomJournals) {
  std::mt19937 random(20'241'122);
  const auto draw = [&random](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  for (int round = 0; round < 500; ++round) {
    std::vector<TimeSpan> spans;
    for (int i = draw(0, 12); i > 0; --i) {
      spans.push_back(MakeSpan(static_cast<TimeKind>(draw(1, 13)), draw(-20, 220), draw(-20, 220),
                               std::string(1, static_cast<char>('a' + draw(0, 3)))));
    }
    const int start = draw(0, 100);
    const int end = draw(50, 200);
    const auto found = Attribute(At(start), At(end), spans);
    ASSERT_EQ(Sum(found), found.wall_clock) << "round " << round;
    ASSERT_EQ(found.wall_clock, microseconds(std::max(0, end - start)));
    std::map<std::pair<TimeKind, std::string>, int64_t> expected;
    for (int at = start; at < end; ++at) {
      const TimeSpan* owner = OwnerOf(ToMicros(At(at)), spans);
      if (owner != nullptr) ++expected[{owner->kind, owner->item_id}];
    }
    ASSERT_EQ(found.parts.size(), expected.size()) << "round " << round;
    for (const TimePart& part : found.parts) {
      ASSERT_EQ(part.duration.count(), (expected[{part.kind, part.item_id}])) << "round " << round;
    }
  }
}

PathItem MakeItem(std::string item_id, int64_t start, int64_t end) {
  return {std::move(item_id), At(start), At(end)};
}

TEST(CriticalPathTest, FollowsTheItemsThatEndedLast) {
  EXPECT_THAT(
      CriticalPath(std::vector{MakeItem("a", 0, 30), MakeItem("b", 0, 50), MakeItem("c", 30, 45),
                               MakeItem("d", 50, 90), MakeItem("e", 50, 60)}),
      ElementsAre("b", "d"));
}

TEST(CriticalPathTest, AGapDoesNotBreakTheChain) {
  EXPECT_THAT(CriticalPath(std::vector{MakeItem("a", 0, 30), MakeItem("b", 45, 60)}),
              ElementsAre("a", "b"));
}

TEST(CriticalPathTest, WhatOverlapsIsNotInTheChain) {
  EXPECT_THAT(CriticalPath(std::vector{MakeItem("a", 0, 50), MakeItem("b", 10, 60)}),
              ElementsAre("b"));
}

TEST(CriticalPathTest, OfTwoThatEndedAtOnceTheLongerCounts) {
  EXPECT_THAT(CriticalPath(std::vector{MakeItem("a", 10, 30), MakeItem("b", 0, 30)}),
              ElementsAre("b"));
}

TEST(CriticalPathTest, ItemsWithoutLengthEndTheSearch) {
  EXPECT_THAT(CriticalPath(std::vector{MakeItem("a", 10, 10), MakeItem("b", 10, 10)}),
              testing::UnorderedElementsAre("a", "b"));
  EXPECT_THAT(CriticalPath({}), IsEmpty());
}

}  // namespace
}  // namespace preseal::server
