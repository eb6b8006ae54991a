// SPDX-License-Identifier: Apache-2.0
// Orders that change a run while it goes on, on a real spool with real steps.
#include <atomic>

#include "agent/app/run_fixture.h"
#include "agent/service/run/run_desk.h"

namespace preseal::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using enum ItemState;

constexpr char kCommandLive[] = "C-dddddddddddddddddddddddddddddddd";

class CountingCollector final : public DiagnosticsCollector {
 public:
  Status Collect(const std::string&, std::stop_token) override {
    ++collected;
    return result;
  }
  std::atomic<int> collected = 0;
  Status result;
};

class RunDeskLiveTest : public testing::Test {
 protected:
  RunDeskLiveTest() { Restart("boot-1"); }
  void Restart(const std::string& boot_id) {
    bench_.reset();
    bench_ = std::make_unique<Workbench>(dir_.path(), boot_id, &collector_);
  }
  std::string InTarget(const std::string& name) const { return dir_.File("target/" + name); }
  bool Exists(const std::string& name) const { return std::filesystem::exists(InTarget(name)); }
  // Starts the plan and waits until its first step is at work, until `go` appears.
  void StartBlocked(PlanBuilder& plan) {
    bench_->Start("D-1.1", kCommandA, plan);
    ASSERT_TRUE(BecomesTrue([this] { return Exists("begun"); }));
  }
  static constexpr char kBlocked[] =
      "touch begun; until test -e go; do sleep 0.02; done; touch one";
  void Go() { std::ofstream(InTarget("go")) << ""; }
  void Live(const decltype(Order::action)& action, CommandState end = CommandState::kDone) {
    bench_->desk->Submit({kCommandLive, action});
    ASSERT_TRUE(BecomesTrue([&] { return bench_->HasCommand("D-1.1", kCommandLive, end); }));
  }
  bool Ended() const { return bench_->HasCommand("D-1.1", kCommandA, CommandState::kDone); }
  std::string CodeOfLive() const { return bench_->BodiesOf<CommandChanged>("D-1.1").back().code; }

  test::TempDir dir_;
  CountingCollector collector_;
  const RunId run_id_ = *RunId::Parse("D-1.1");
  std::unique_ptr<Workbench> bench_;
};

TEST_F(RunDeskLiveTest, AHoldTakesEffectWhileAStepRunsAndNothingNewIsStarted) {
  PlanBuilder plan;
  plan.AddScript("one", kBlocked, "test -e one");
  plan.AddScript("two", "touch two", "test -e two");
  StartBlocked(plan);
  Live(SetHoldOrder{run_id_, true, "ada", "the bench is full"});
  Go();
  ASSERT_TRUE(BecomesTrue([this] { return Exists("one"); }));
  // A hold outlives the agent.
  Restart("boot-1");
  ASSERT_TRUE(BecomesTrue([this] { return !bench_->BodiesOf<RunResumed>("D-1.1").empty(); }));
  EXPECT_THAT(bench_->StatesOf("D-1.1", "two"), IsEmpty());
  bench_->desk->Submit({kCommandB, SetHoldOrder{run_id_, false, "ada", "go on"}});
  EXPECT_TRUE(BecomesTrue([this] { return Ended(); }));
  EXPECT_TRUE(Exists("two"));
}

TEST_F(RunDeskLiveTest, AWaiverAfterTheEndHealsTheRun) {
  PlanBuilder plan;
  plan.AddScript("one", "exit 3", "false");
  bench_->StartAndWait("D-1.1", kCommandA, plan);
  Live(WaiveOrder{run_id_, "one", "ada", "part is missing"});
  const auto ends = bench_->BodiesOf<RunFinished>("D-1.1");
  ASSERT_THAT(ends, SizeIs(2));
  EXPECT_EQ(ends[0].outcome, RunOutcome::kFailed);
  EXPECT_EQ(ends[1].outcome, RunOutcome::kSucceeded);
}

TEST_F(RunDeskLiveTest, AWaiverOfAnUnknownItemIsRefused) {
  PlanBuilder plan;
  plan.AddScript("one", "touch one", "test -e one");
  bench_->StartAndWait("D-1.1", kCommandA, plan);
  Live(WaiveOrder{run_id_, "nobody", "ada", "why not"}, CommandState::kFailed);
  EXPECT_EQ(CodeOfLive(), "NO_SUCH_ITEM");
}

TEST_F(RunDeskLiveTest, AnOrderForAnotherRunIsRefused) {
  PlanBuilder plan;
  plan.AddScript("one", "touch one", "test -e one");
  bench_->StartAndWait("D-1.1", kCommandA, plan);
  Live(SetHoldOrder{*RunId::Parse("D-1.7"), true, "ada", "late"}, CommandState::kFailed);
  EXPECT_THAT(bench_->BodiesOf<HoldChanged>("D-1.1"), IsEmpty());
}

class PromptTest : public RunDeskLiveTest {
 protected:
  PromptTest() {
    auto& step = plan_.AddScript("tag", "x", "x");
    step.clear_script();
    (*step.mutable_prompt()->mutable_text())["en"] = "Asset tag?";
    step.mutable_prompt()->set_pattern("A-[0-9]+");
    step.mutable_prompt()->set_answer_path("/etc/asset-tag");
    bench_->Start("D-1.1", kCommandA, plan_);
    EXPECT_TRUE(BecomesTrue([this] { return bench_->desk->OpenPrompts().size() == 1; }));
  }
  PlanBuilder plan_;
};

TEST_F(PromptTest, TheFirstGoodAnswerOfAPersonAtTheDeviceCounts) {
  EXPECT_EQ(bench_->desk->AnswerPrompt("tag", "B-1"), AnswerTaken::kRefused);
  EXPECT_EQ(bench_->desk->AnswerPrompt("tag", "A-17"), AnswerTaken::kTaken);
  EXPECT_EQ(bench_->desk->AnswerPrompt("tag", "A-18"), AnswerTaken::kNotAsked);
  EXPECT_TRUE(BecomesTrue([this] { return Ended(); }));
  EXPECT_EQ(ReadText(InTarget("etc/asset-tag")), "A-17\n");
  EXPECT_EQ(bench_->BodiesOf<PromptAnswered>("D-1.1").at(0).actor, "device");
}

TEST_F(PromptTest, AnAnswerFromTheServerCountsToo) {
  Live(AnswerPromptOrder{run_id_, "tag", "A-17", "ada"});
  EXPECT_TRUE(BecomesTrue([this] { return Ended(); }));
  EXPECT_EQ(ReadText(InTarget("etc/asset-tag")), "A-17\n");
}

TEST_F(PromptTest, AQuestionThatIsOpenIsStillOpenAfterARestartOfTheAgent) {
  Restart("boot-1");
  EXPECT_TRUE(BecomesTrue([this] { return bench_->desk->OpenPrompts().size() == 1; }));
}

TEST_F(RunDeskLiveTest, AnExtendedDeadlineOutlivesTheAgent) {
  PlanBuilder plan;
  plan.plan().mutable_esp()->mutable_timeout()->set_seconds(3600);
  plan.AddScript("one", kBlocked, "test -e one");
  StartBlocked(plan);
  Live(ExtendDeadlineOrder{run_id_, "", std::chrono::minutes(10)});
  Restart("boot-1");
  bool found = false;
  for (const Event& event : bench_->EventsOf("D-1.1")) {
    found = found || event.memory.extended_by == std::chrono::minutes(10);
  }
  EXPECT_TRUE(found);
  Go();
  EXPECT_TRUE(BecomesTrue([this] { return Ended(); }));
}

TEST_F(RunDeskLiveTest, APlannedRestartIsAskedForOnceItIsAckedAndGoesOnAfterwards) {
  PlanBuilder plan;
  plan.plan().set_reboots_max(1);
  auto& step = plan.AddScript("one", "touch one; exit 1641", "test -e one");
  step.mutable_script()->set_apply("touch one; exit 41");
  auto& rule = *step.add_exit_codes();
  rule.set_code(41);
  rule.set_result(plan::v1::ExitCodeRule::RESULT_REBOOT_NOW);
  step.set_reboots_max(1);
  bench_->Start("D-1.1", kCommandA, plan);
  ASSERT_TRUE(BecomesTrue([this] { return !bench_->BodiesOf<RunInterrupted>("D-1.1").empty(); }));
  EXPECT_FALSE(bench_->desk->RestartWanted());
  bench_->desk->Acked(run_id_, bench_->LogOf("D-1.1")->next_sequence() - 1);
  ASSERT_TRUE(BecomesTrue([this] { return bench_->desk->RestartWanted().has_value(); }));
  EXPECT_EQ(bench_->desk->RestartWanted()->item_id, "one");
  Restart("boot-2");
  EXPECT_TRUE(BecomesTrue([this] { return Ended(); }));
  EXPECT_THAT(bench_->StatesOf("D-1.1", "one"),
              ElementsAre(kIdentifying, kInProgress, kInProgress, kVerifying, kSucceeded));
  const RunResumed resumed = bench_->BodiesOf<RunResumed>("D-1.1").at(0);
  EXPECT_TRUE(resumed.rebooted && resumed.planned && !resumed.late);
  EXPECT_FALSE(bench_->desk->RestartWanted());
}

TEST_F(RunDeskLiveTest, ARestartThatIsRefusedFailsWhatWaitedForIt) {
  PlanBuilder plan;
  plan.plan().set_reboots_max(1);
  auto& step = plan.AddScript("restart", "x", "x");
  step.clear_script();
  step.mutable_reboot();
  bench_->Start("D-1.1", kCommandA, plan);
  ASSERT_TRUE(BecomesTrue([this] { return !bench_->BodiesOf<RunInterrupted>("D-1.1").empty(); }));
  bench_->desk->Acked(run_id_, bench_->LogOf("D-1.1")->next_sequence() - 1);
  ASSERT_TRUE(BecomesTrue([this] { return bench_->desk->RestartWanted().has_value(); }));
  bench_->desk->RestartRefused("no permission");
  EXPECT_TRUE(BecomesTrue([this] { return Ended(); }));
  EXPECT_EQ(bench_->BodiesOf<ItemChanged>("D-1.1").back().code, "REBOOT_REFUSED");
}

TEST_F(RunDeskLiveTest, ARestartByAPersonTakesUpTheStepItCutShort) {
  PlanBuilder plan;
  plan.AddScript("one", kBlocked, "test -e one");
  StartBlocked(plan);
  Live(RestartOrder{});
  ASSERT_TRUE(BecomesTrue([this] { return !bench_->BodiesOf<RunInterrupted>("D-1.1").empty(); }));
  Go();
  Restart("boot-2");
  EXPECT_TRUE(BecomesTrue([this] { return Ended(); }));
  EXPECT_EQ(bench_->BodiesOf<RunFinished>("D-1.1").at(0).outcome, RunOutcome::kSucceeded);
}

TEST_F(RunDeskLiveTest, AResetEndsTheRunAndUndoesInReverse) {
  PlanBuilder plan;
  for (const char* name : {"first", "second"}) {
    auto& step = plan.AddScript(name, "true", "true");
    step.set_undo(plan::v1::Step::UNDO_COMMAND);
    step.set_undo_command(std::string("echo ") + name + " >> undone");
  }
  plan.AddScript("one", kBlocked, "test -e one");
  StartBlocked(plan);
  Live(ResetOrder{});
  EXPECT_EQ(ReadText(InTarget("undone")), "second\nfirst\n");
  EXPECT_EQ(bench_->BodiesOf<RunFinished>("D-1.1").at(0).outcome, RunOutcome::kAbandoned);
  EXPECT_TRUE(bench_->HasCommand("D-1.1", kCommandA, CommandState::kFailed));
}

TEST_F(RunDeskLiveTest, AResetThatCannotUndoSaysSo) {
  PlanBuilder plan;
  auto& step = plan.AddScript("one", "touch one", "test -e one");
  step.set_undo(plan::v1::Step::UNDO_COMMAND);
  step.set_undo_command("exit 1");
  bench_->StartAndWait("D-1.1", kCommandA, plan);
  Live(ResetOrder{}, CommandState::kFailed);
  EXPECT_EQ(CodeOfLive(), "UNDO_FAILED");
}

TEST_F(RunDeskLiveTest, GoingOnAnywayEndsAFailedRunAsContinued) {
  PlanBuilder plan;
  plan.AddScript("one", "exit 3", "false");
  bench_->StartAndWait("D-1.1", kCommandA, plan);
  Live(ContinueAnywayOrder{run_id_, "bob"});
  const RunFinished last = bench_->BodiesOf<RunFinished>("D-1.1").back();
  EXPECT_EQ(last.outcome, RunOutcome::kFailed);
  EXPECT_TRUE(last.continued);
}

TEST_F(RunDeskLiveTest, GoingOnAnywayDoesNotWaitForTheStepUnderWay) {
  PlanBuilder plan;
  plan.AddScript("one", kBlocked, "test -e one");
  StartBlocked(plan);
  Live(ContinueAnywayOrder{run_id_, "bob"});
  EXPECT_TRUE(bench_->BodiesOf<RunFinished>("D-1.1").at(0).continued);
  EXPECT_TRUE(Ended());
}

TEST_F(RunDeskLiveTest, DiagnosticsAreCollectedWhileARunGoesOn) {
  PlanBuilder plan;
  plan.AddScript("one", kBlocked, "test -e one");
  StartBlocked(plan);
  Live(CollectDiagnosticsOrder{});
  EXPECT_EQ(collector_.collected, 1);
  Go();
  EXPECT_TRUE(BecomesTrue([this] { return Ended(); }));
}

TEST_F(RunDeskLiveTest, DiagnosticsThatFailSayWhy) {
  PlanBuilder plan;
  plan.AddScript("one", "touch one", "test -e one");
  bench_->StartAndWait("D-1.1", kCommandA, plan);
  collector_.result = Unavailable("no server here");
  Live(CollectDiagnosticsOrder{}, CommandState::kFailed);
  EXPECT_EQ(CodeOfLive(), "DIAGNOSTICS_FAILED");
}

TEST_F(RunDeskLiveTest, AGroupRunsItsStepsAtTheSameTime) {
  PlanBuilder plan;
  auto& group = *plan.plan().add_groups();
  group.set_name("apps");
  // Each waits for the other: one after the other they would time out.
  plan.AddScript("one", "touch one; until test -e two; do sleep 0.02; done", "test -e one")
      .set_group("apps");
  plan.AddScript("two", "touch two; until test -e one; do sleep 0.02; done", "test -e two")
      .set_group("apps");
  bench_->StartAndWait("D-1.1", kCommandA, plan);
  EXPECT_EQ(bench_->BodiesOf<RunFinished>("D-1.1").at(0).outcome, RunOutcome::kSucceeded);
}

}  // namespace
}  // namespace preseal::agent
