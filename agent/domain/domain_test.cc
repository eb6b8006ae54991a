// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>

#include "agent/domain/back_off.h"
#include "agent/domain/item_code.h"
#include "agent/domain/run_state.h"
#include "tests/support/status_matchers.h"

namespace preseal::agent {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

Plan TwoSteps(Gating second) {
  Plan plan;
  plan.steps.resize(2);
  plan.steps[0].item_id = "one";
  plan.steps[1].item_id = "two";
  plan.steps[1].gating = second;
  return plan;
}

ItemChanged Change(std::string id, ItemState state) {
  ItemChanged change;
  change.item_id = std::move(id);
  change.state = state;
  return change;
}

TEST(ItemCodeTest, EveryCodeHasItsOwnNameAndARemedy) {
  std::set<std::string_view> names;
  for (const ItemCode code : kAllItemCodes) {
    EXPECT_TRUE(names.insert(NameOf(code)).second) << NameOf(code);
    EXPECT_FALSE(RemedyOf(code).empty()) << NameOf(code);
  }
}

TEST(ExitCodeTest, WithoutRulesOnlyZeroIsSuccessAndTheRestMayBeTriedAgain) {
  EXPECT_EQ(MeaningOf(Step{}, 0), ExitMeaning::kSuccess);
  EXPECT_EQ(MeaningOf(Step{}, 1), ExitMeaning::kRetry);
  EXPECT_EQ(MeaningOf(Step{}, 255), ExitMeaning::kRetry);
}

TEST(ExitCodeTest, TheFirstMatchingRuleWins) {
  Step step;
  step.exit_codes = {
      {75, ExitMeaning::kRetry}, {75, ExitMeaning::kSuccess}, {0, ExitMeaning::kFail}};
  EXPECT_EQ(MeaningOf(step, 75), ExitMeaning::kRetry);
  EXPECT_EQ(MeaningOf(step, 0), ExitMeaning::kFail);
  EXPECT_EQ(MeaningOf(step, 3), ExitMeaning::kRetry);
}

Event At(milliseconds run_time, EventBody body) {
  return {.device_time = {}, .body = std::move(body), .run_time = run_time};
}

TEST(RunStateTest, FoldsEventsIntoItems) {
  RunState state(TwoSteps(Gating::kBlocking));
  ItemChanged succeeded = Change("one", ItemState::kSucceeded);
  succeeded.attempt = 2;
  ItemChanged failed = Change("two", ItemState::kFailed);
  failed.code = "STEP_TIMEOUT";
  failed.exit_code = 3;
  state.Apply(At(milliseconds(0), RunStarted{}));
  state.Apply(At(milliseconds(1), succeeded));
  state.Apply(At(milliseconds(2), failed));
  state.Apply(At(milliseconds(3), Change("stranger", ItemState::kFailed)));
  EXPECT_TRUE(state.started());
  ASSERT_EQ(state.entries().size(), 2u);
  EXPECT_EQ(state.Find("one")->item.state, ItemState::kSucceeded);
  EXPECT_EQ(state.Find("one")->item.attempt, 2u);
  EXPECT_EQ(state.Find("two")->item.code, "STEP_TIMEOUT");
  EXPECT_EQ(state.Find("two")->item.exit_code, 3);
}

TEST(RunStateTest, KeepsOnlyTheLastWordOnACommand) {
  RunState state;
  state.Apply(At(milliseconds(0), CommandChanged{"C-1", CommandState::kAccepted, "", ""}));
  state.Apply(At(milliseconds(0), CommandChanged{"C-2", CommandState::kAccepted, "", ""}));
  EXPECT_THAT(state.OpenCommands(), ElementsAre("C-1", "C-2"));
  state.Apply(At(milliseconds(0), CommandChanged{"C-1", CommandState::kDone, "", ""}));
  state.Apply(At(milliseconds(0), CommandChanged{"C-2", CommandState::kFailed, "", ""}));
  EXPECT_THAT(state.OpenCommands(), IsEmpty());
  EXPECT_EQ(state.CommandStateOf("C-3"), std::nullopt);
}

TEST(RunStateTest, TimeOnHoldIsNotActive) {
  RunState state(TwoSteps(Gating::kBlocking));
  state.Apply(At(milliseconds(0), RunStarted{}));
  state.Apply(At(milliseconds(100), HoldChanged{true, "ada", "lunch"}));
  EXPECT_EQ(state.ActiveAt(milliseconds(400)), milliseconds(100));
  Event resumed = At(milliseconds(500), HoldChanged{false, "ada", "back"});
  resumed.memory.held = milliseconds(400);
  state.Apply(resumed);
  EXPECT_EQ(state.ActiveAt(milliseconds(700)), milliseconds(300));
}

TEST(RunStateTest, CountsEachBootsRestartOnce) {
  RunState state(TwoSteps(Gating::kBlocking));
  state.Apply(At(milliseconds(0), RunStarted{"1", "boot-1"}));
  state.Apply(At(milliseconds(1), RunInterrupted{"one", "boot-1", milliseconds(9)}));
  state.Apply(At(milliseconds(2), RunResumed{"boot-1"}));  // the agent alone was started again
  state.Apply(At(milliseconds(3), RunInterrupted{"one", "boot-1", milliseconds(9)}));
  EXPECT_TRUE(state.interruption());
  state.Apply(At(milliseconds(4), RunResumed{"boot-2", true, true}));
  state.Apply(At(milliseconds(5), RunResumed{"boot-3", true, false}));
  EXPECT_FALSE(state.interruption());
  EXPECT_EQ(state.planned_restarts(), 1u);
  EXPECT_EQ(state.unplanned_restarts(), 1u);
  EXPECT_EQ(state.boot_id(), "boot-3");
}

TEST(KeyTest, OnlyLogLinesAreTheLastWordOnNothing) {
  EXPECT_EQ(KeyOf(LogLine{"one", "text"}), "");
  EXPECT_EQ(KeyOf(ItemChanged{.item_id = "one"}), "item/one");
  EXPECT_NE(KeyOf(SealQuoted{"C-1", {}, {}}), KeyOf(CommandChanged{"C-1"}));
}

TEST(BackOffTest, DoublesUpToTheLongestAndStartsAgain) {
  BackOff back_off(milliseconds(200), milliseconds(1000));
  EXPECT_EQ(back_off.Next(0), milliseconds(200));
  EXPECT_EQ(back_off.Next(0), milliseconds(400));
  EXPECT_EQ(back_off.Next(0.5), milliseconds(600));
  EXPECT_EQ(back_off.Next(0), milliseconds(1000));
  EXPECT_EQ(back_off.Next(0), milliseconds(1000));
  back_off.Reset();
  EXPECT_EQ(back_off.Next(0), milliseconds(200));
}

}  // namespace
}  // namespace preseal::agent
