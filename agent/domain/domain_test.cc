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

TEST(RunStateTest, FoldsEventsIntoItems) {
  RunState state(TwoSteps(Gating::kBlocking));
  ItemChanged failed = Change("two", ItemState::kFailed);
  failed.code = "STEP_TIMEOUT";
  failed.exit_code = 3;
  state.Apply(RunStarted{}, 0);
  state.Apply(Change("one", ItemState::kSucceeded), 2);
  state.Apply(failed, 1);
  state.Apply(Change("stranger", ItemState::kFailed), 1);
  EXPECT_TRUE(state.started());
  ASSERT_EQ(state.entries().size(), 2u);
  EXPECT_EQ(state.Find("one")->item.state, ItemState::kSucceeded);
  EXPECT_EQ(state.Find("one")->attempt, 2u);
  EXPECT_EQ(state.Find("two")->item.code, "STEP_TIMEOUT");
  EXPECT_EQ(state.Find("two")->item.exit_code, 3);
}

TEST(RunStateTest, KeepsOnlyTheLastWordOnACommand) {
  RunState state;
  state.Apply(CommandChanged{"C-1", CommandState::kAccepted, "", ""}, 0);
  state.Apply(CommandChanged{"C-2", CommandState::kAccepted, "", ""}, 0);
  EXPECT_THAT(state.OpenCommands(), ElementsAre("C-1", "C-2"));
  state.Apply(CommandChanged{"C-1", CommandState::kDone, "", ""}, 0);
  state.Apply(CommandChanged{"C-2", CommandState::kFailed, "", ""}, 0);
  EXPECT_THAT(state.OpenCommands(), IsEmpty());
  EXPECT_EQ(state.CommandStateOf("C-3"), std::nullopt);
}

TEST(OutcomeTest, ABlockingItemThatDidNotSucceedFailsTheRun) {
  for (const ItemState ended : {ItemState::kFailed, ItemState::kNotStarted}) {
    RunState state(TwoSteps(Gating::kBlocking));
    state.Apply(Change("one", ItemState::kSucceeded), 1);
    state.Apply(Change("two", ended), 1);
    EXPECT_EQ(OutcomeOf(state), RunOutcome::kFailed);
  }
}

TEST(OutcomeTest, ATrackedFailureDoesNotFailTheRun) {
  RunState state(TwoSteps(Gating::kTracked));
  state.Apply(Change("one", ItemState::kSucceeded), 1);
  state.Apply(Change("two", ItemState::kFailed), 1);
  EXPECT_EQ(OutcomeOf(state), RunOutcome::kSucceeded);
}

TEST(ResumeTest, AsksVerifyFirstWheneverAnApplyMayHaveRun) {
  const auto resume = [](ItemState state, uint32_t attempt) {
    RunState::Entry entry;
    entry.item.state = state;
    entry.attempt = attempt;
    return ResumeOf(entry);
  };
  EXPECT_EQ(resume(ItemState::kNotStarted, 0), Resume::kDetect);
  EXPECT_EQ(resume(ItemState::kIdentifying, 0), Resume::kDetect);
  EXPECT_EQ(resume(ItemState::kIdentifying, 1), Resume::kCheckFirst);
  EXPECT_EQ(resume(ItemState::kInProgress, 1), Resume::kCheckFirst);
  EXPECT_EQ(resume(ItemState::kVerifying, 1), Resume::kCheckFirst);
  EXPECT_EQ(resume(ItemState::kSucceeded, 1), Resume::kNothing);
  EXPECT_EQ(resume(ItemState::kFailed, 1), Resume::kNothing);
  EXPECT_EQ(resume(ItemState::kNotRequired, 0), Resume::kNothing);
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
