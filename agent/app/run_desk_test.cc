// SPDX-License-Identifier: Apache-2.0
#include "agent/service/run/run_desk.h"

#include "agent/app/run_fixture.h"
#include "common/base/limits.h"

namespace preseal::agent {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using enum ItemState;

class RunDeskTest : public testing::Test {
 protected:
  RunDeskTest() { Restart(); }
  void Restart() {
    bench_.reset();
    bench_ = std::make_unique<Workbench>(dir_.path());
  }
  std::string InTarget(const std::string& name) const { return dir_.File("target/" + name); }

  test::TempDir dir_;
  std::unique_ptr<Workbench> bench_;
};

TEST_F(RunDeskTest, RunsEveryItemThroughItsStatesAndReportsTheEnd) {
  PlanBuilder plan;
  plan.AddScript("one", "echo hello; touch one", "test -e one");
  bench_->StartAndWait("D-1.1", kCommandA, plan);
  const auto events = bench_->EventsOf("D-1.1");
  ASSERT_THAT(events, SizeIs(9));
  EXPECT_EQ(std::get<CommandChanged>(events[0].body).state, CommandState::kAccepted);
  EXPECT_EQ(std::get<RunStarted>(events[1].body).boot_id, "boot");
  EXPECT_EQ(std::get<LogLine>(events[4].body).text, "hello");
  EXPECT_THAT(bench_->StatesOf("D-1.1", "one"),
              ElementsAre(kIdentifying, kInProgress, kVerifying, kSucceeded));
  EXPECT_EQ(std::get<RunFinished>(events[7].body).outcome, RunOutcome::kSucceeded);
  EXPECT_EQ(std::get<CommandChanged>(events[8].body).state, CommandState::kDone);
}

TEST_F(RunDeskTest, WhatDetectFindsIsNotAppliedAgain) {
  PlanBuilder plan;
  plan.AddScript("one", "touch applied", "true", "true");
  bench_->StartAndWait("D-1.1", kCommandA, plan);
  EXPECT_THAT(bench_->StatesOf("D-1.1", "one"), ElementsAre(kIdentifying, kSucceeded));
  EXPECT_TRUE(bench_->BodiesOf<ItemChanged>("D-1.1").back().already_done);
  EXPECT_FALSE(std::filesystem::exists(InTarget("applied")));
}

TEST_F(RunDeskTest, AFailedBlockingItemEndsTheRun) {
  PlanBuilder plan;
  plan.AddScript("one", "exit 3", "true");
  plan.AddScript("two", "touch two", "test -e two");
  bench_->StartAndWait("D-1.1", kCommandA, plan);
  EXPECT_THAT(bench_->StatesOf("D-1.1", "one"), ElementsAre(kIdentifying, kInProgress, kFailed));
  EXPECT_THAT(bench_->StatesOf("D-1.1", "two"), IsEmpty());
  const ItemChanged failed = bench_->BodiesOf<ItemChanged>("D-1.1").back();
  EXPECT_EQ(failed.code, "STEP_EXIT_CODE");
  EXPECT_EQ(failed.exit_code, 3);
  EXPECT_EQ(bench_->BodiesOf<RunFinished>("D-1.1").at(0).outcome, RunOutcome::kFailed);
}

TEST_F(RunDeskTest, AFailedTrackedItemDoesNotEndTheRun) {
  PlanBuilder plan;
  plan.AddScript("one", "exit 3", "true").set_gating(progress::v1::GATING_TRACKED);
  plan.AddScript("two", "touch two", "test -e two");
  bench_->StartAndWait("D-1.1", kCommandA, plan);
  EXPECT_EQ(bench_->StatesOf("D-1.1", "two").back(), kSucceeded);
  EXPECT_EQ(bench_->BodiesOf<RunFinished>("D-1.1").at(0).outcome, RunOutcome::kSucceeded);
}

TEST_F(RunDeskTest, AResultThatIsNotInPlaceIsAFailure) {
  PlanBuilder plan;
  plan.AddScript("one", "true", "test -e never");
  bench_->StartAndWait("D-1.1", kCommandA, plan);
  EXPECT_EQ(bench_->BodiesOf<ItemChanged>("D-1.1").back().code, "VERIFY_FAILED");
}

TEST_F(RunDeskTest, TriesAgainWhileTheStepHasAttempts) {
  PlanBuilder plan;
  plan.AddScript("one", "echo x >> tries; test $(wc -l < tries) -ge 2", "test -e tries")
      .set_attempts(3);
  bench_->StartAndWait("D-1.1", kCommandA, plan);
  EXPECT_EQ(ReadText(InTarget("tries")), "x\nx\n");
  EXPECT_EQ(bench_->StatesOf("D-1.1", "one").back(), kSucceeded);
}

TEST_F(RunDeskTest, AnExitCodeThatMeansFailureEndsTheItemAtOnce) {
  PlanBuilder plan;
  auto& step = plan.AddScript("one", "echo x >> tries; exit 9", "true");
  step.set_attempts(3);
  auto& rule = *step.add_exit_codes();
  rule.set_code(9);
  rule.set_result(plan::v1::ExitCodeRule::RESULT_FAIL);
  bench_->StartAndWait("D-1.1", kCommandA, plan);
  EXPECT_EQ(ReadText(InTarget("tries")), "x\n");
}

TEST_F(RunDeskTest, ABadPlanIsRefusedBeforeAnythingIsDone) {
  PlanBuilder plan;
  plan.AddScript("one", "touch one", "true");
  plan.AddScript("two", "touch two", "true").add_after("nobody");
  bench_->StartAndWait("D-1.1", kCommandA, plan);
  const CommandChanged refused = bench_->BodiesOf<CommandChanged>("D-1.1").back();
  EXPECT_EQ(refused.state, CommandState::kFailed);
  EXPECT_EQ(refused.code, "PLAN_INVALID");
  EXPECT_NE(refused.message.find("nobody"), std::string::npos);
  EXPECT_TRUE(std::filesystem::is_empty(dir_.File("target")));
  EXPECT_TRUE(BecomesTrue([&] { return !bench_->BodiesOf<RunFinished>("D-1.1").empty(); }));
}

TEST_F(RunDeskTest, ARepeatedStartIsTheSameStart) {
  PlanBuilder plan;
  plan.AddScript("one", "echo x >> applied", "test -e applied");
  bench_->StartAndWait("D-1.1", kCommandA, plan);
  const size_t before = bench_->EventsOf("D-1.1").size();
  // It answers with its present state, and does nothing else. (A repeat that comes while the first
  // is still being put away is dropped: its answer is the event just made.)
  EXPECT_TRUE(BecomesTrue([&] {
    bench_->Start("D-1.1", kCommandA, plan);
    return bench_->EventsOf("D-1.1").size() > before;
  }));
  EXPECT_EQ(ReadText(InTarget("applied")), "x\n");
  EXPECT_THAT(bench_->BodiesOf<RunFinished>("D-1.1"), SizeIs(1));
}

TEST_F(RunDeskTest, ANewerRunEndsTheOneUnderWay) {
  PlanBuilder endless;
  endless.AddScript("one", "touch begun; sleep 1000", "true");
  bench_->Start("D-1.1", kCommandA, endless);
  ASSERT_TRUE(BecomesTrue([&] { return std::filesystem::exists(InTarget("begun")); }));
  PlanBuilder plan;
  plan.AddScript("one", "touch second", "test -e second");
  bench_->StartAndWait("D-1.2", kCommandB, plan);
  EXPECT_EQ(bench_->BodiesOf<RunFinished>("D-1.1").at(0).outcome, RunOutcome::kAbandoned);
  EXPECT_TRUE(bench_->HasCommand("D-1.1", kCommandA, CommandState::kFailed));
  EXPECT_EQ(bench_->BodiesOf<RunFinished>("D-1.2").at(0).outcome, RunOutcome::kSucceeded);
}

TEST_F(RunDeskTest, ARunThatWasOvertakenIsNotStartedAgain) {
  PlanBuilder plan;
  plan.AddScript("one", "echo x >> applied", "test -e applied");
  bench_->StartAndWait("D-1.2", kCommandB, plan);
  bench_->Start("D-1.1", kCommandA, plan);
  EXPECT_TRUE(
      BecomesTrue([&] { return bench_->HasCommand("D-1.1", kCommandA, CommandState::kFailed); }));
  EXPECT_EQ(ReadText(InTarget("applied")), "x\n");
  EXPECT_EQ(bench_->desk->MakeHello().run_id, "D-1.2");
}

TEST_F(RunDeskTest, AStoppedAgentContinuesAndAppliesNothingTwice) {
  PlanBuilder plan;
  plan.AddScript("one", "echo x >> one", "test -e one");
  // It takes effect at once, but ends only when it is stopped.
  plan.AddScript("two", "echo x >> two; sleep 1000", "test -e two");
  plan.AddScript("three", "echo x >> three", "test -e three");
  bench_->Start("D-1.1", kCommandA, plan);
  ASSERT_TRUE(BecomesTrue([&] { return std::filesystem::exists(InTarget("two")); }));
  Restart();
  EXPECT_TRUE(
      BecomesTrue([&] { return bench_->HasCommand("D-1.1", kCommandA, CommandState::kDone); }));
  for (const char* name : {"one", "two", "three"}) EXPECT_EQ(ReadText(InTarget(name)), "x\n");
  EXPECT_THAT(bench_->StatesOf("D-1.1", "two"),
              ElementsAre(kIdentifying, kInProgress, kIdentifying, kSucceeded));
  EXPECT_FALSE(bench_->BodiesOf<ItemChanged>("D-1.1").back().already_done);
}

TEST_F(RunDeskTest, AnInterruptedApplyWithoutEffectIsGivenAnotherAttempt) {
  PlanBuilder plan;
  plan.AddScript("one", "touch begun; test -e go || sleep 1000; touch one", "test -e one");
  bench_->Start("D-1.1", kCommandA, plan);
  ASSERT_TRUE(BecomesTrue([&] { return std::filesystem::exists(InTarget("begun")); }));
  std::ofstream(InTarget("go")) << "";
  Restart();
  EXPECT_TRUE(
      BecomesTrue([&] { return bench_->HasCommand("D-1.1", kCommandA, CommandState::kDone); }));
  EXPECT_EQ(bench_->StatesOf("D-1.1", "one").back(), kSucceeded);
}

TEST_F(RunDeskTest, AStepThatIsInterruptedEveryTimeComesToAnEnd) {
  PlanBuilder plan;
  plan.AddScript("one", "echo x >> begun; sleep 1000", "test -e never");
  bench_->Start("D-1.1", kCommandA, plan);
  const auto begun = [&] { return ReadText(InTarget("begun")).size() / 2; };
  const auto ended = [&] { return !bench_->BodiesOf<RunFinished>("D-1.1").empty(); };
  size_t starts = 1;
  while (!ended() && starts < 20) {
    ASSERT_TRUE(BecomesTrue([&] { return begun() >= starts || ended(); }));
    if (ended()) break;
    Restart();
    ++starts;
  }
  EXPECT_EQ(bench_->BodiesOf<ItemChanged>("D-1.1").back().code, "VERIFY_FAILED");
  EXPECT_EQ(begun(), 1 + kStepResumesMax);
}

TEST_F(RunDeskTest, HoldsWhileTheSpoolIsFullAndGoesOnAfterAnAck) {
  PlanBuilder first;
  first.AddScript("one", "true", "true");
  bench_->StartAndWait("D-1.1", kCommandA, first);
  const auto log = std::dynamic_pointer_cast<spool::SpoolLog>(bench_->LogOf("D-1.1"));
  log->SetBytesMax(0);
  bench_->desk->Submit({kCommandSeal, SealQuoteOrder{*RunId::Parse("D-1.1"), Bytes(32, 1), {}}});
  // Its very first event has no room.
  EXPECT_FALSE(BecomesTrue([&] { return bench_->quoter.quotes > 0; }, std::chrono::seconds(1)));
  log->SetBytesMax(1 << 20);
  bench_->desk->Acked(*RunId::Parse("D-1.1"), 1);
  EXPECT_TRUE(BecomesTrue([&] { return !bench_->BodiesOf<SealQuoted>("D-1.1").empty(); }));
}

class SealTest : public RunDeskTest {
 protected:
  SealTest() {
    PlanBuilder plan;
    plan.AddScript("one", "touch one", "test -e one");
    bench_->StartAndWait("D-1.1", kCommandA, plan);
  }
  void Quote() { bench_->desk->Submit({kCommandSeal, SealQuoteOrder{run_id_, Bytes(32, 7), {}}}); }
  void Seal() { bench_->desk->Submit({kCommandSeal, SealOrder{run_id_, "a.b.c"}}); }
  bool Armed() const { return !bench_->BodiesOf<SealArmed>("D-1.1").empty(); }

  const RunId run_id_ = *RunId::Parse("D-1.1");
};

TEST_F(SealTest, QuotesSealsAndHasTheLastWordOnceAllIsAcked) {
  Quote();
  ASSERT_TRUE(BecomesTrue([&] { return !bench_->BodiesOf<SealQuoted>("D-1.1").empty(); }));
  EXPECT_EQ(bench_->BodiesOf<SealQuoted>("D-1.1")[0].attest, Bytes(32, 7));
  Seal();
  ASSERT_TRUE(BecomesTrue([&] { return Armed(); }));
  EXPECT_EQ(ReadText(InTarget("var/lib/preseal/birth-certificate.jws")), "a.b.c");
  EXPECT_TRUE(std::filesystem::exists(InTarget("var/lib/preseal/first-boot.json")));
  EXPECT_EQ(bench_->desk->SealedCommand(), std::nullopt);
  bench_->desk->Acked(run_id_, bench_->LogOf("D-1.1")->next_sequence() - 1);
  EXPECT_TRUE(BecomesTrue([&] { return bench_->desk->SealedCommand() == kCommandSeal; }));
  Restart();
  EXPECT_EQ(bench_->LogOf("D-1.1")->acked(), 0u);  // acks are learnt again
  bench_->desk->Acked(run_id_, bench_->LogOf("D-1.1")->next_sequence() - 1);
  EXPECT_TRUE(BecomesTrue([&] { return bench_->desk->SealedCommand() == kCommandSeal; }));
}

TEST_F(SealTest, RepeatedOrdersAreDoneOnce) {
  for (int again = 0; again < 3; ++again) {
    Quote();
    Seal();
    ASSERT_TRUE(BecomesTrue([&] { return Armed(); }));
  }
  EXPECT_EQ(bench_->quoter.quotes, 1);
  EXPECT_THAT(bench_->BodiesOf<SealArmed>("D-1.1"), SizeIs(1));
}

TEST_F(SealTest, ATpmThatFailsRefusesTheReseal) {
  bench_->quoter.failure = Unavailable("no TPM");
  Quote();
  ASSERT_TRUE(BecomesTrue(
      [&] { return bench_->HasCommand("D-1.1", kCommandSeal, CommandState::kFailed); }));
  EXPECT_EQ(bench_->BodiesOf<CommandChanged>("D-1.1").back().code, "SEAL_QUOTE_FAILED");
  EXPECT_THAT(bench_->BodiesOf<SealQuoted>("D-1.1"), IsEmpty());
}

TEST_F(SealTest, ATargetThatCannotBeWrittenRefusesTheSeal) {
  std::ofstream(InTarget("var")) << "a file in place of a folder";
  Seal();
  ASSERT_TRUE(BecomesTrue(
      [&] { return bench_->HasCommand("D-1.1", kCommandSeal, CommandState::kFailed); }));
  EXPECT_EQ(bench_->BodiesOf<CommandChanged>("D-1.1").back().code, "SEAL_FAILED");
  EXPECT_FALSE(Armed());
}

TEST_F(SealTest, ARunThisDiskDoesNotKnowIsSealedAllTheSame) {
  // The device lost its state folder between the run and the reseal.
  bench_.reset();
  std::filesystem::remove_all(dir_.File("state"));
  Restart();
  Quote();
  EXPECT_TRUE(BecomesTrue([&] { return !bench_->BodiesOf<SealQuoted>("D-1.1").empty(); }));
}

}  // namespace
}  // namespace preseal::agent
