// SPDX-License-Identifier: Apache-2.0
// Deadlines, stalls, holds, restarts.
#include "agent/domain/engine/engine.h"
#include "agent/domain/engine/engine_fixture.h"
#include "common/base/limits.h"

namespace preseal::agent {
namespace {

using enum ItemState;
using Reboot = StepResult::Reboot;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class EngineTimeTest : public EngineTest {
 protected:
  void Stopped(const std::string& item_id) { End(item_id, Result(StepResult::Kind::kStopped)); }
  bool Halted(const std::string& item_id) const { return inputs_.live.at(IndexOf(item_id)).halted; }
};

TEST_F(EngineTimeTest, AllAttemptsTogetherHaveADeadline) {
  Add("one").attempts = 5;
  plan_.steps[0].total_timeout = minutes(2);
  Start();
  Missing("one");
  Pass(minutes(2));
  ASSERT_TRUE(Halted("one"));
  Stopped("one");
  EXPECT_EQ(CodeOf("one"), "STEP_TOTAL_TIMEOUT");
}

TEST_F(EngineTimeTest, APhaseHasADeadline) {
  Add("one");
  Add("two");
  plan_.device_setup_timeout = minutes(3);
  Start();
  Pass(minutes(3));
  Stopped("one");
  EXPECT_EQ(CodeOf("one"), "PHASE_TIMEOUT");
  EXPECT_EQ(state_.outcome(), RunOutcome::kFailed);
}

TEST_F(EngineTimeTest, TheRunsDeadlineFailsWhatIsUnfinishedAndSaysSo) {
  AddGroup("apps");
  AddTo("apps", "one");
  AddTo("apps", "two").after = {"one"};
  plan_.esp.timeout = minutes(60);
  Start();
  Pass(minutes(60));
  Stopped("one");
  EXPECT_EQ(CodeOf("one"), "RUN_TIMEOUT");
  EXPECT_EQ(state_.outcome(), RunOutcome::kFailed);
}

TEST_F(EngineTimeTest, ADeadlineIsExtendedLive) {
  Add("one");
  plan_.esp.timeout = minutes(60);
  Start();
  Fact more{CommandChanged{"C-1", CommandState::kDone, "", ""}, {}};
  more.memory.extended_by = minutes(10);
  Record(more);
  Pass(minutes(69));
  EXPECT_FALSE(Halted("one"));
  Pass(minutes(1));
  EXPECT_TRUE(Halted("one"));
}

TEST_F(EngineTimeTest, DeadlinesStandStillWhileHeld) {
  Add("one");
  plan_.esp.timeout = minutes(60);
  Start();
  Pass(minutes(30));
  Record(HoldChanged{true, "ada", "weekend"});
  Pass(hours(48));
  Record(HoldChanged{false, "ada", "monday"});
  Pass(minutes(29));
  EXPECT_FALSE(Halted("one"));
  Pass(minutes(1));
  EXPECT_TRUE(Halted("one"));
}

TEST_F(EngineTimeTest, AStallIsShownFirstAndEndsTheAttemptThen) {
  Add("one").attempts = 2;
  plan_.steps[0].stall_timeout = seconds(20);
  Start();
  Missing("one");
  Pass(seconds(10));
  EXPECT_TRUE(ItemNamed("one").stalled);
  EXPECT_FALSE(Halted("one"));
  Pass(seconds(10));
  ASSERT_TRUE(Halted("one"));
  Stopped("one");
  EXPECT_EQ(WaitOf("one"), Wait::Kind::kRetry);
  Pass(seconds(1));
  Pass(seconds(20));
  Stopped("one");
  EXPECT_EQ(CodeOf("one"), "STEP_STALLED");
}

TEST_F(EngineTimeTest, SlownessWithOutputIsNoStall) {
  Add("one").stall_timeout = seconds(20);
  Start();
  Missing("one");
  for (int i = 0; i < 20; ++i) {
    inputs_.live[0].active_at = now_;
    Pass(seconds(9));
    EXPECT_FALSE(ItemNamed("one").stalled);
  }
  Pass(seconds(9));
  EXPECT_TRUE(ItemNamed("one").stalled);
  inputs_.live[0].active_at = now_;
  Pump();
  EXPECT_FALSE(ItemNamed("one").stalled);
}

TEST_F(EngineTimeTest, APromptNobodyAnswersFails) {
  Add("tag").action = PromptStep{};
  Start();
  Pass(minutes(1));
  EXPECT_EQ(CodeOf("tag"), "PROMPT_UNANSWERED");
}

TEST_F(EngineTimeTest, AWaitEndsByItself) {
  Add("cool-down").action = WaitStep{minutes(5)};
  Start();
  EXPECT_EQ(wake_, minutes(5));
  Pass(minutes(5));
  EXPECT_EQ(StateOf("cool-down"), kSucceeded);
}

TEST_F(EngineTimeTest, BackgroundItemsHoldTheEndForAShortGraceOnly) {
  Add("one");
  Add("slow").gating = Gating::kBackground;
  Start();
  EXPECT_EQ(Running(), 2u);
  Succeed("one");
  EXPECT_FALSE(state_.outcome());
  Pass(kBackgroundGrace);
  ASSERT_TRUE(Halted("slow"));
  Stopped("slow");
  EXPECT_EQ(CodeOf("slow"), "RUN_ENDED");
  EXPECT_EQ(state_.outcome(), RunOutcome::kSucceeded);
}

TEST_F(EngineTimeTest, ARestartNowComesBeforeAnythingElseAndIsVerifiedAfterwards) {
  plan_.reboots_max = 5;
  AddGroup("apps");
  AddTo("apps", "one").reboots_max = 1;
  AddTo("apps", "two");
  Start();
  Missing("one");
  AskRestart("one", Reboot::kNow);
  Missing("two");
  ASSERT_TRUE(state_.interruption());
  EXPECT_EQ(state_.interruption()->body.item_id, "one");
  EXPECT_EQ(Running(), 0u);
  ComeBack("boot-2");
  EXPECT_TRUE(Runs("one", Part::kVerify));
  EXPECT_EQ(ItemNamed("one").reboots, 1u);
  EXPECT_EQ(state_.planned_restarts(), 1u);
  EXPECT_EQ(state_.unplanned_restarts(), 0u);
  Done("one");
  EXPECT_EQ(StateOf("one"), kSucceeded);
}

TEST_F(EngineTimeTest, RestartsForLaterAreOneAtTheEndOfThePhase) {
  plan_.reboots_max = 5;
  Add("one").reboots_max = 1;
  Add("two").reboots_max = 1;
  Add("three").phase = Phase::kAccountSetup;
  Start();
  Missing("one");
  AskRestart("one", Reboot::kLater);
  Missing("two");
  EXPECT_FALSE(state_.interruption());
  AskRestart("two", Reboot::kLater);
  ASSERT_TRUE(state_.interruption());
  EXPECT_EQ(StateOf("three"), kNotStarted);
  ComeBack("boot-2");
  Done("one");
  Done("two");
  EXPECT_TRUE(Runs("three", Part::kDetect));
  EXPECT_EQ(state_.planned_restarts(), 1u);
}

TEST_F(EngineTimeTest, ARestartStepSucceedsByComingBack) {
  plan_.reboots_max = 1;
  Add("restart").action = RebootStep{};
  Start();
  ASSERT_TRUE(state_.interruption());
  EXPECT_EQ(state_.interruption()->body.back_within, kRebootWithinDefault);
  ComeBack("boot-2");
  EXPECT_EQ(StateOf("restart"), kSucceeded);
  EXPECT_EQ(state_.outcome(), RunOutcome::kSucceeded);
}

TEST_F(EngineTimeTest, OneRestartMoreThanTheStepMayFailsIt) {
  plan_.reboots_max = 5;
  Add("one").reboots_max = 0;
  Start();
  Missing("one");
  AskRestart("one", Reboot::kNow);
  EXPECT_EQ(CodeOf("one"), "REBOOT_BUDGET");
  EXPECT_FALSE(state_.interruption());
}

TEST_F(EngineTimeTest, OneRestartMoreThanTheRunMayFailsIt) {
  plan_.reboots_max = 1;
  Add("one").action = RebootStep{};
  Add("two").action = RebootStep{};
  Start();
  ComeBack("boot-2");
  EXPECT_EQ(CodeOf("two"), "REBOOT_BUDGET");
}

TEST_F(EngineTimeTest, ADeviceThatDoesNotGoDownFailsWhatWaitedForIt) {
  plan_.reboots_max = 1;
  Add("restart").action = RebootStep{};
  Start();
  Pass(kRebootWithinDefault);
  EXPECT_EQ(CodeOf("restart"), "REBOOT_REFUSED");
  EXPECT_FALSE(state_.interruption());
}

TEST_F(EngineTimeTest, ALateReturnIsNamedWhenTheResultIsNotInPlace) {
  plan_.reboots_max = 1;
  Add("one").reboots_max = 1;
  Start();
  Missing("one");
  AskRestart("one", Reboot::kNow);
  ComeBack("boot-2", /*late=*/true);
  Missing("one");
  EXPECT_EQ(CodeOf("one"), "REBOOT_LATE");
}

TEST_F(EngineTimeTest, AnUnplannedRestartInMidApplyIsVerifiedBeforeAnotherAttempt) {
  Add("one");
  Start();
  Missing("one");
  ComeBack("boot-2");
  EXPECT_TRUE(Runs("one", Part::kCheck));
  Missing("one");
  Missing("one");
  EXPECT_TRUE(Runs("one", Part::kApply));
  EXPECT_EQ(ItemNamed("one").attempt, 2u);
  ComeBack("boot-3");
  Done("one");
  EXPECT_EQ(StateOf("one"), kSucceeded);
  EXPECT_FALSE(ItemNamed("one").already_done);
}

TEST_F(EngineTimeTest, AnAttemptGivenBackIsNotForgottenWithAMarkOfAStall) {
  Add("one").stall_timeout = seconds(20);
  Start();
  Missing("one");
  ComeBack("boot-2");
  Missing("one");
  Missing("one");
  Pass(seconds(10));
  ASSERT_TRUE(ItemNamed("one").stalled);
  ComeBack("boot-3");
  Missing("one");
  Missing("one");
  EXPECT_TRUE(Runs("one", Part::kApply));
  EXPECT_EQ(ItemNamed("one").attempt, 3u);
}

TEST_F(EngineTimeTest, ARestartLoopEnds) {
  Add("one").attempts = 10;
  Add("two");
  Start();
  Missing("one");
  for (uint32_t i = 0; i <= kUnplannedRebootsMax; ++i) {
    EXPECT_FALSE(state_.outcome());
    ComeBack("boot-" + std::to_string(i + 2));
  }
  EXPECT_EQ(CodeOf("one"), "REBOOT_UNPLANNED");
  EXPECT_EQ(StateOf("two"), kNotStarted);
  EXPECT_EQ(state_.outcome(), RunOutcome::kFailed);
}

TEST_F(EngineTimeTest, AnAgentThatWasStartedAgainWaitsOnlyForWhatIsLeft) {
  Add("one").token = "download";
  Start();
  Missing("one");
  Pass(minutes(20));
  ComeBack("boot-1");
  EXPECT_EQ(WaitOf("one"), Wait::Kind::kToken);
  Pass(kTokenWaitMax - minutes(20));
  EXPECT_EQ(CodeOf("one"), "TOKEN_TIMEOUT");
}

}  // namespace
}  // namespace preseal::agent
