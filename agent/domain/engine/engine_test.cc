// SPDX-License-Identifier: Apache-2.0
// Items, groups, attempts, waivers, outcomes; time and restarts are in engine_time_test.cc.
#include "agent/domain/engine/engine.h"

#include "agent/domain/engine/engine_fixture.h"
#include "agent/domain/engine/prompt_answer.h"
#include "common/base/limits.h"

namespace preseal::agent {
namespace {

using enum ItemState;
using OnFailure = StepGroup::OnFailure;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(EngineTest, AnItemGoesThroughDetectApplyAndVerify) {
  Add("one");
  Start();
  EXPECT_TRUE(Runs("one", Part::kDetect));
  Missing("one");
  EXPECT_TRUE(Runs("one", Part::kApply));
  EXPECT_EQ(ItemNamed("one").attempt, 1u);
  Done("one");
  EXPECT_TRUE(Runs("one", Part::kVerify));
  Done("one");
  EXPECT_EQ(StateOf("one"), kSucceeded);
  EXPECT_EQ(state_.outcome(), RunOutcome::kSucceeded);
}

TEST_F(EngineTest, WhatDoesNotApplyHereIsNotRequired) {
  Add("one").requires_script = "false";
  Start();
  EXPECT_TRUE(Runs("one", Part::kRequires));
  Missing("one");
  EXPECT_EQ(StateOf("one"), kNotRequired);
  EXPECT_EQ(state_.outcome(), RunOutcome::kSucceeded);
}

TEST_F(EngineTest, AQuestionWhetherItAppliesThatFailsFailsTheItem) {
  Add("one").requires_script = "kill -9 $$";
  Start();
  Fails("one");
  EXPECT_EQ(CodeOf("one"), "REQUIRES_FAILED");
}

TEST_F(EngineTest, WhatIsInPlaceIsAlreadyDone) {
  Add("one");
  Start();
  Done("one");
  EXPECT_EQ(StateOf("one"), kSucceeded);
  EXPECT_TRUE(ItemNamed("one").already_done);
}

TEST_F(EngineTest, StepsOutsideOfGroupsRunOneAtATimeAsWritten) {
  Add("one");
  Add("two");
  Start();
  EXPECT_EQ(Running(), 1u);
  Succeed("one");
  EXPECT_TRUE(Runs("two", Part::kDetect));
}

TEST_F(EngineTest, AGroupRunsAsManyAsItMay) {
  AddGroup("apps").max_in_flight = 2;
  for (const char* name : {"one", "two", "three"}) AddTo("apps", name);
  Start();
  EXPECT_EQ(Running(), 2u);
  Succeed("one");
  EXPECT_TRUE(Runs("three", Part::kDetect));
}

TEST_F(EngineTest, TheDeviceRunsAtMostKStepsInFlightMax) {
  AddGroup("apps");
  for (int i = 0; i < 20; ++i) AddTo("apps", "item-" + std::to_string(i));
  Start();
  EXPECT_EQ(Running(), kStepsInFlightMax);
}

TEST_F(EngineTest, AnItemWaitsForItemsAndGroupsItComesAfter) {
  AddGroup("apps");
  AddTo("apps", "one");
  AddTo("apps", "two");
  Add("three").after = {"apps"};
  Start();
  Succeed("one");
  EXPECT_EQ(StateOf("three"), kNotStarted);
  Succeed("two");
  EXPECT_TRUE(Runs("three", Part::kDetect));
}

TEST_F(EngineTest, APhaseBeginsWhenTheOneBeforeHasEnded) {
  AddGroup("apps");
  AddTo("apps", "one");
  AddTo("apps", "two").phase = Phase::kAccountSetup;
  Start();
  EXPECT_EQ(StateOf("two"), kNotStarted);
  Succeed("one");
  EXPECT_TRUE(Runs("two", Part::kDetect));
}

TEST_F(EngineTest, AFailedBlockingItemEndsTheRunAndLeavesTheRestNotStarted) {
  Add("one");
  Add("two");
  Start();
  FailInApply("one");
  EXPECT_EQ(StateOf("two"), kNotStarted);
  EXPECT_EQ(state_.outcome(), RunOutcome::kFailed);
}

TEST_F(EngineTest, AnItemWhosePredecessorFailedFailsWithIt) {
  Add("one").gating = Gating::kTracked;
  Add("two").after = {"one"};
  Start();
  FailInApply("one");
  EXPECT_EQ(CodeOf("two"), "PREVIOUS_STEP_FAILED");
}

TEST_F(EngineTest, AGroupThatIsLeftStartsNothingMore) {
  auto& group = AddGroup("apps");
  group.max_in_flight = 1;
  group.on_failure = OnFailure::kLeaveGroup;
  AddTo("apps", "one").gating = Gating::kTracked;
  AddTo("apps", "two").gating = Gating::kTracked;
  Add("three").after = {"two"};
  Add("four");
  plan_.steps[2].gating = Gating::kTracked;
  Start();
  Succeed("four");
  FailInApply("one");
  EXPECT_EQ(StateOf("two"), kNotStarted);
  EXPECT_EQ(CodeOf("three"), "PREVIOUS_STEP_FAILED");
  EXPECT_EQ(state_.outcome(), RunOutcome::kSucceeded);
}

TEST_F(EngineTest, AGroupThatGoesOnStartsTheNextAfterABlockingFailure) {
  auto& group = AddGroup("apps");
  group.max_in_flight = 1;
  group.on_failure = OnFailure::kNext;
  AddTo("apps", "one");
  AddTo("apps", "two");
  Start();
  FailInApply("one");
  Succeed("two");
  EXPECT_EQ(state_.outcome(), RunOutcome::kFailed);
}

TEST_F(EngineTest, AGroupThatStopsEndsTheRunEvenForATrackedItem) {
  AddGroup("apps").on_failure = OnFailure::kStop;
  AddTo("apps", "one").gating = Gating::kTracked;
  Add("two").after = {"apps"};
  Start();
  FailInApply("one");
  EXPECT_EQ(StateOf("two"), kNotStarted);
  EXPECT_EQ(state_.outcome(), RunOutcome::kFailed);
}

TEST_F(EngineTest, AGroupThatHoldsWaitsForAPersonOncePerFailure) {
  AddGroup("apps").on_failure = OnFailure::kHold;
  AddTo("apps", "one");
  Add("two").after = {"apps"};
  Start();
  FailInApply("one");
  EXPECT_TRUE(state_.held());
  EXPECT_EQ(StateOf("two"), kNotStarted);
  Record(HoldChanged{false, "ada", "go on"});
  Pump();
  EXPECT_FALSE(state_.held());
  EXPECT_TRUE(Runs("two", Part::kDetect));
}

TEST_F(EngineTest, TeardownRunsAfterAFailureAndCannotFailTheRun) {
  AddGroup("clean").teardown = true;
  AddTo("clean", "wipe");
  Add("one");
  Start();
  EXPECT_EQ(StateOf("wipe"), kNotStarted);
  Succeed("one");
  FailInApply("wipe");
  EXPECT_EQ(StateOf("wipe"), kFailed);
  EXPECT_EQ(state_.outcome(), RunOutcome::kSucceeded);
}

TEST_F(EngineTest, TeardownRunsWhenTheRunStops) {
  AddGroup("clean").teardown = true;
  AddTo("clean", "wipe");
  Add("one");
  Start();
  FailInApply("one");
  Succeed("wipe");
  EXPECT_EQ(state_.outcome(), RunOutcome::kFailed);
}

TEST_F(EngineTest, AnAttemptThatFailsIsRepeatedAfterAPauseThatReplaysTheSame) {
  Add("one").attempts = 3;
  Start();
  FailInApply("one");
  ASSERT_EQ(WaitOf("one"), Wait::Kind::kRetry);
  const auto pause = ItemNamed("one").wait->limit;
  EXPECT_GE(pause, kStepRetryFirst / 2);
  EXPECT_LE(pause, kStepRetryFirst);
  Pass(pause - std::chrono::milliseconds(1));
  EXPECT_EQ(Running(), 0u);
  Pass(std::chrono::milliseconds(1));
  EXPECT_TRUE(Runs("one", Part::kApply));
  EXPECT_EQ(ItemNamed("one").attempt, 2u);
}

TEST_F(EngineTest, AFinalFailureIsNotRepeated) {
  Add("one").attempts = 3;
  Start();
  Missing("one");
  StepResult result = Result(StepResult::Kind::kFailed);
  result.final = true;
  End("one", result);
  EXPECT_EQ(StateOf("one"), kFailed);
}

TEST_F(EngineTest, AFatalFailureFailsTheRunEvenIfTheItemDoesNotBlock) {
  Add("one").gating = Gating::kTracked;
  Add("two").gating = Gating::kTracked;
  Start();
  Missing("one");
  StepResult result = Result(StepResult::Kind::kFailed);
  result.fatal = true;
  End("one", result);
  EXPECT_EQ(CodeOf("one"), "FATAL");
  EXPECT_EQ(StateOf("two"), kNotStarted);
  EXPECT_EQ(state_.outcome(), RunOutcome::kFailed);
}

TEST_F(EngineTest, AResultThatIsNotInPlaceFailsTheAttempt) {
  Add("one");
  Start();
  Missing("one");
  Done("one");
  Missing("one");
  EXPECT_EQ(CodeOf("one"), "VERIFY_FAILED");
}

TEST_F(EngineTest, AWaivedItemStillRunsButDoesNotBlock) {
  Add("one");
  Add("two");
  Start();
  Record(ItemWaived{"one", "ada", "part is missing"});
  FailInApply("one");
  Succeed("two");
  EXPECT_EQ(StateOf("one"), kFailed);
  EXPECT_EQ(state_.outcome(), RunOutcome::kSucceeded);
}

TEST_F(EngineTest, AWaiverAfterTheEndHealsTheRunOnceNothingElseBlocks) {
  Add("one");
  Add("two");
  Start();
  FailInApply("one");
  Record(ItemWaived{"one", "ada", "part is missing"});
  EXPECT_FALSE(HealedFact(plan_, state_));  // two was never started
  Record(ItemWaived{"two", "ada", "not sold with it"});
  const auto healed = HealedFact(plan_, state_);
  ASSERT_TRUE(healed);
  Record(*healed);
  EXPECT_EQ(state_.outcome(), RunOutcome::kSucceeded);
}

TEST_F(EngineTest, WhileHeldNothingNewIsStartedAndWhatRunsGoesOn) {
  Add("one");
  Start();
  Record(HoldChanged{true, "ada", "wait"});
  Missing("one");
  EXPECT_EQ(Running(), 0u);
  Record(HoldChanged{false, "ada", "go on"});
  Pump();
  EXPECT_TRUE(Runs("one", Part::kApply));
}

TEST_F(EngineTest, AStepNeedsItsTokenAndShowsItsPlaceInTheQueue) {
  Add("one").token = "download";
  Start();
  Missing("one");
  EXPECT_EQ(WaitOf("one"), Wait::Kind::kToken);
  inputs_.tokens[0] = {.granted = false, .place = 3};
  Pass(seconds(10));
  EXPECT_EQ(ItemNamed("one").wait->place, 3u);
  EXPECT_EQ(ItemNamed("one").wait->limit, kTokenWaitMax - seconds(10));
  EXPECT_EQ(TokensNeeded(plan_, state_, inputs_).size(), 1u);
  inputs_.tokens[0] = {.granted = true};
  Pump();
  EXPECT_TRUE(Runs("one", Part::kApply));
  Done("one");
  EXPECT_TRUE(TokensNeeded(plan_, state_, inputs_).empty());
}

TEST_F(EngineTest, WithoutATokenInTimeTheItemFails) {
  Add("one").token = "download";
  Start();
  Missing("one");
  Pass(kTokenWaitMax);
  EXPECT_EQ(CodeOf("one"), "TOKEN_TIMEOUT");
}

TEST_F(EngineTest, OneInstallerAtATimeAndTheHolderIsNamed) {
  AddGroup("apps");
  AddTo("apps", "one").installer_lock = true;
  AddTo("apps", "two").installer_lock = true;
  Start();
  Missing("one");
  Missing("two");
  EXPECT_TRUE(Runs("one", Part::kApply));
  ASSERT_EQ(WaitOf("two"), Wait::Kind::kInstaller);
  EXPECT_EQ(ItemNamed("two").wait->owner, "one");
  Done("one");
  EXPECT_TRUE(Runs("two", Part::kApply));
}

TEST_F(EngineTest, AnInstallerThatIsNeverFreeFailsTheWaiter) {
  AddGroup("apps");
  AddTo("apps", "one").installer_lock = true;
  AddTo("apps", "two").installer_lock = true;
  Start();
  Missing("one");
  Missing("two");
  Pass(kInstallerWaitMax);
  EXPECT_EQ(CodeOf("two"), "INSTALLER_BUSY");
}

TEST_F(EngineTest, APromptIsAskedAndItsAnswerWrittenDown) {
  PromptStep prompt;
  prompt.answer_path = "/etc/asset-tag";
  Add("tag").action = prompt;
  Start();
  ASSERT_TRUE(Runs("tag", Part::kDetect));
  EXPECT_EQ(StepToExecute(plan_, state_, 0).action, plan_.steps[0].action);
  Missing("tag");
  EXPECT_EQ(StateOf("tag"), kInProgress);
  EXPECT_EQ(WaitOf("tag"), Wait::Kind::kPrompt);
  Record(PromptAnswered{"tag", "A-17", "device"});
  Pump();
  ASSERT_TRUE(Runs("tag", Part::kApply));
  const Step file = StepToExecute(plan_, state_, 0);
  EXPECT_EQ(std::get<FileStep>(file.action).path, "/etc/asset-tag");
  EXPECT_EQ(std::get<Bytes>(std::get<FileStep>(file.action).source), ToBytes("A-17\n"));
  Done("tag");
  Done("tag");
  EXPECT_EQ(StateOf("tag"), kSucceeded);
}

TEST_F(EngineTest, APromptWhoseAnswerIsThereIsNotAskedAgain) {
  PromptStep prompt;
  prompt.answer_path = "/etc/asset-tag";
  Add("tag").action = prompt;
  Start();
  ASSERT_TRUE(Runs("tag", Part::kDetect));
  Done("tag");
  EXPECT_EQ(StateOf("tag"), kSucceeded);
  EXPECT_TRUE(ItemNamed("tag").already_done);
}

TEST_F(EngineTest, APromptWhoseAnswerGoesNowhereIsAskedAtOnce) {
  Add("tag").action = PromptStep{};
  Start();
  EXPECT_EQ(WaitOf("tag"), Wait::Kind::kPrompt);
  EXPECT_EQ(Running(), 0u);
}

TEST(PromptAnswerTest, TakesOnlyWhatTheQuestionAllows) {
  PromptStep choice;
  choice.choices = {"yes", "no"};
  EXPECT_TRUE(TakesAnswer(choice, "yes"));
  EXPECT_FALSE(TakesAnswer(choice, "maybe"));
  PromptStep pattern;
  pattern.pattern = "[A-Z]-[0-9]+";
  EXPECT_TRUE(TakesAnswer(pattern, "A-17"));
  EXPECT_FALSE(TakesAnswer(pattern, "A-17 "));
  pattern.pattern = "[";
  EXPECT_FALSE(TakesAnswer(pattern, "["));
  // Nothing a person types may stop the run.
  pattern.pattern = "(a+)+b";
  EXPECT_FALSE(TakesAnswer(pattern, std::string(kPromptAnswerBytesMax, 'a')));
  EXPECT_FALSE(TakesAnswer(PromptStep{}, ""));
  EXPECT_FALSE(TakesAnswer(PromptStep{}, "two\nlines"));
  EXPECT_FALSE(TakesAnswer(PromptStep{}, std::string(kPromptAnswerBytesMax + 1, 'x')));
}

TEST_F(EngineTest, WhatCanNeverStartFailsInsteadOfWaitingForEver) {
  AddGroup("apps");
  AddTo("apps", "one").after = {"two"};
  AddTo("apps", "two").after = {"one"};
  Start();
  EXPECT_EQ(CodeOf("one"), "PLAN_INVALID");
  EXPECT_EQ(state_.outcome(), RunOutcome::kFailed);
}

}  // namespace
}  // namespace preseal::agent
