// SPDX-License-Identifier: Apache-2.0
#include "server/domain/progress.h"

#include <gtest/gtest.h>

namespace preseal::server {
namespace {

Item MakeItem(std::string_view id, Gating gating, ItemState state) {
  return {.item_id = *ItemId::Parse(id),
          .display_name = std::string(id),
          .gating = gating,
          .state = state};
}

TEST(SummariseTest, IsNotSatisfiedBeforeAnySetupItemExists) {
  EXPECT_FALSE(Summarise({}).blocking_satisfied);
  Item hardware = MakeItem("hardware", Gating::kBlocking, ItemState::kSucceeded);
  hardware.phase = Phase::kDevicePreparation;
  EXPECT_FALSE(Summarise(std::vector{hardware}).blocking_satisfied);
}

TEST(SummariseTest, IsSatisfiedOnlyWhenEveryBlockingItemIsDone) {
  for (const ItemState state :
       {ItemState::kNotStarted, ItemState::kIdentifying, ItemState::kInProgress,
        ItemState::kVerifying, ItemState::kFailed}) {
    const std::vector items{MakeItem("a", Gating::kBlocking, ItemState::kSucceeded),
                            MakeItem("b", Gating::kBlocking, state)};
    const auto sum = Summarise(items);
    EXPECT_FALSE(sum.blocking_satisfied) << NameOf(state);
    ASSERT_EQ(sum.open_blocking.size(), 1u);
    EXPECT_EQ(sum.open_blocking[0].text(), "b");
  }
  for (const ItemState state : {ItemState::kSucceeded, ItemState::kNotRequired}) {
    const std::vector items{MakeItem("a", Gating::kBlocking, state)};
    EXPECT_TRUE(Summarise(items).blocking_satisfied) << NameOf(state);
  }
}

TEST(SummariseTest, TrackedFailureDoesNotHoldTheSeal) {
  const std::vector items{MakeItem("a", Gating::kBlocking, ItemState::kSucceeded),
                          MakeItem("b", Gating::kTracked, ItemState::kFailed)};
  const auto sum = Summarise(items);
  EXPECT_TRUE(sum.blocking_satisfied);
  EXPECT_FALSE(sum.failed_blocking);
}

TEST(SummariseTest, ShowsTheRunningItemAndCounts) {
  std::vector items{MakeItem("a", Gating::kBlocking, ItemState::kSucceeded),
                    MakeItem("b", Gating::kBlocking, ItemState::kInProgress),
                    MakeItem("c", Gating::kBackground, ItemState::kInProgress)};
  items[1].percent = 50;
  const auto sum = Summarise(items);
  EXPECT_EQ(sum.item_name, "b");
  EXPECT_EQ(sum.items_done, 1u);
  EXPECT_EQ(sum.items_total, 2u);
  EXPECT_EQ(sum.percent, 75u);
}

TEST(SummariseTest, AFailedItemCountsAsFarAsItCame) {
  std::vector items{MakeItem("a", Gating::kBlocking, ItemState::kSucceeded),
                    MakeItem("b", Gating::kBlocking, ItemState::kFailed)};
  items[1].percent = 50;
  EXPECT_EQ(Summarise(items).percent, 75u);
}

TEST(ApplyChangeTest, SucceededStaysSucceeded) {
  Item item = MakeItem("a", Gating::kBlocking, ItemState::kSucceeded);
  ApplyChange({.item_id = item.item_id, .state = ItemState::kInProgress}, FromMicros(1), &item);
  EXPECT_EQ(item.state, ItemState::kSucceeded);
}

TEST(ApplyChangeTest, LateSuccessHealsAFailure) {
  Item item = MakeItem("a", Gating::kBlocking, ItemState::kFailed);
  item.code = "STEP_TIMEOUT";
  ApplyChange({.item_id = item.item_id, .state = ItemState::kSucceeded}, FromMicros(1), &item);
  EXPECT_EQ(item.state, ItemState::kSucceeded);
  EXPECT_EQ(item.code, "");
  EXPECT_EQ(item.percent, 100u);
}

TEST(ApplyChangeTest, AWaitKeepsItsStartWhileItIsTheSameWait) {
  Item item = MakeItem("a", Gating::kBlocking, ItemState::kInProgress);
  ItemChanged change{.item_id = item.item_id, .state = ItemState::kInProgress};
  change.wait = Wait{.kind = Wait::Kind::kToken, .owner = "download", .place = 7};
  ApplyChange(change, FromMicros(10), &item);
  change.wait->place = 3;
  ApplyChange(change, FromMicros(20), &item);
  ASSERT_TRUE(item.wait.has_value());
  EXPECT_EQ(item.wait->start_time, FromMicros(10));
  EXPECT_EQ(item.wait->place, 3u);
  change.wait = Wait{.kind = Wait::Kind::kRetry};
  ApplyChange(change, FromMicros(30), &item);
  EXPECT_EQ(item.wait->start_time, FromMicros(30));
  change.state = ItemState::kFailed;
  ApplyChange(change, FromMicros(40), &item);
  EXPECT_FALSE(item.wait.has_value());
}

TEST(ApplyChangeTest, AStallIsAWaitOfItsItemUntilItSpeaksAgain) {
  Item item = MakeItem("a", Gating::kBlocking, ItemState::kInProgress);
  item.display_name = "Office";
  ItemChanged change{.item_id = item.item_id, .state = ItemState::kInProgress, .stalled = true};
  ApplyChange(change, FromMicros(10), &item);
  ApplyChange(change, FromMicros(20), &item);
  ASSERT_TRUE(item.wait.has_value());
  EXPECT_EQ(item.wait->kind, Wait::Kind::kDevice);
  EXPECT_EQ(item.wait->owner, "Office");
  EXPECT_EQ(item.wait->start_time, FromMicros(10));
  change.stalled = false;
  ApplyChange(change, FromMicros(30), &item);
  EXPECT_FALSE(item.wait.has_value());
}

TEST(SummariseTest, AWaivedFailureHoldsTheSealNoMore) {
  std::vector items{MakeItem("a", Gating::kBlocking, ItemState::kFailed)};
  EXPECT_FALSE(Summarise(items).blocking_satisfied);
  items[0].waiver = Waiver{.actor = "lena", .reason = "known"};
  EXPECT_TRUE(Summarise(items).blocking_satisfied);
  EXPECT_FALSE(Summarise(items).failed_blocking);
}

TEST(SummariseTest, NamesTheCauseNotWhatFailedBecauseOfIt) {
  std::vector items{MakeItem("after", Gating::kBlocking, ItemState::kFailed),
                    MakeItem("cause", Gating::kBlocking, ItemState::kFailed)};
  items[0].code = std::string(kPreviousFailedCode);
  items[1].code = "STEP_EXIT_CODE";
  EXPECT_EQ(Summarise(items).failed_blocking->text(), "cause");
  EXPECT_EQ(Summarise(items).item_name, "cause");
}

TEST(MostVisibleWaitTest, ShowsWhatAPersonCanEndFirst) {
  std::vector items{MakeItem("a", Gating::kBlocking, ItemState::kInProgress),
                    MakeItem("b", Gating::kTracked, ItemState::kInProgress),
                    MakeItem("c", Gating::kBackground, ItemState::kInProgress)};
  EXPECT_FALSE(MostVisibleWait(items));
  items[2].wait = Wait{.kind = Wait::Kind::kPrompt};
  EXPECT_FALSE(MostVisibleWait(items));
  items[0].wait = Wait{.kind = Wait::Kind::kRetry};
  EXPECT_EQ(MostVisibleWait(items)->kind, Wait::Kind::kRetry);
  items[1].wait = Wait{.kind = Wait::Kind::kPrompt};
  EXPECT_EQ(MostVisibleWait(items)->kind, Wait::Kind::kPrompt);
}

TEST(TextOfTest, AHoldHasAReasonAndAResumeNone) {
  EXPECT_EQ(TextOf(Event{.body = HoldChanged{.held = true, .actor = "ada", .reason = "shelf"}}),
            "held by ada: shelf");
  EXPECT_EQ(TextOf(Event{.body = HoldChanged{.held = false, .actor = "ada"}}), "resumed by ada");
}

}  // namespace
}  // namespace preseal::server
