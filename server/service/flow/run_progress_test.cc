// SPDX-License-Identifier: Apache-2.0
#include "server/service/flow/run_progress.h"

#include <gmock/gmock.h>

#include "common/base/limits.h"
#include "server/service/service_fixture.h"

namespace preseal::server {
namespace {

using test::IsOkAndHolds;
using test::StatusIs;

class RunProgressTest : public FlowTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(FlowTest::SetUp());
    device_ = AddEnrolled("A-17").id;
    ASSERT_OK_AND_ASSIGN(command_, flow_->Start(lead_, device_, ""));
  }

  // Stores events as a session does; index of the first new one.
  StatusOr<size_t> Receive(const std::vector<Event>& events) {
    size_t first_new = 0;
    RETURN_IF_ERROR(Write([&](Tx& tx) -> Status {
      ASSIGN_OR_RETURN(server::Run run, tx.runs.GetRun(*command_.run_id));
      ASSIGN_OR_RETURN(Device device, tx.devices.Get(device_));
      ASSIGN_OR_RETURN(first_new, StoreNewEvents(tx, events, clock_.Now(), &run));
      ASSIGN_OR_RETURN(RunProgress progress, RunProgress::Load(tx, run));
      for (size_t i = first_new; i < events.size(); ++i) {
        RETURN_IF_ERROR(progress.Apply(tx, events[i], clock_.Now(), &device, &run));
      }
      RETURN_IF_ERROR(progress.Finish(tx, clock_.Now(), &device, &run));
      RETURN_IF_ERROR(tx.devices.Put(&device));
      return tx.runs.UpdateRun(run);
    }));
    return first_new;
  }
  server::Run LoadRun() {
    return Look<server::Run>([&](Tx& tx) { return tx.runs.GetRun(*command_.run_id); });
  }
  size_t JournalSize() {
    return Look<std::vector<JournalRow>>(
               [&](Tx& tx) { return tx.events.List(*command_.run_id, 0, 100); })
        .size();
  }
  static Event Line(uint64_t sequence, const std::string& text) {
    return MakeEvent(sequence, LogLine{.item_id = "policy", .text = text});
  }
  static Event Finished(uint64_t sequence, RunOutcome outcome) {
    return MakeEvent(sequence, RunFinished{.outcome = outcome});
  }

  DeviceId device_;
  Command command_;
};

TEST_F(RunProgressTest, StoresOnlyWhatIsNewOfAnOverlappingBatch) {
  ASSERT_THAT(Receive({Line(1, "a"), Line(2, "b")}), IsOkAndHolds(0U));
  EXPECT_THAT(Receive({Line(2, "b"), Line(3, "c")}), IsOkAndHolds(1U));
  EXPECT_EQ(LoadRun().event_count, 3U);
  EXPECT_EQ(JournalSize(), 3U);
}

TEST_F(RunProgressTest, ChangesNothingWhenAllIsKnown) {
  ASSERT_OK(Receive({Line(1, "a"), Line(2, "b")}));
  EXPECT_THAT(Receive({Line(1, "a"), Line(2, "b")}), IsOkAndHolds(2U));
  EXPECT_EQ(JournalSize(), 2U);
}

TEST_F(RunProgressTest, RefusesARepeatWithOtherContent) {
  ASSERT_OK(Receive({Line(1, "a"), Line(2, "b")}));
  EXPECT_THAT(Receive({Line(2, "B"), Line(3, "c")}), StatusIs(StatusCode::kAlreadyExists));
  EXPECT_EQ(JournalSize(), 2U);
  EXPECT_EQ(LoadRun().event_count, 2U);
}

TEST_F(RunProgressTest, RefusesAGapBeforeTheBatch) {
  ASSERT_OK(Receive({Line(1, "a")}));
  EXPECT_THAT(Receive({Line(3, "c")}), StatusIs(StatusCode::kOutOfRange, "expected 2, got 3"));
  EXPECT_EQ(JournalSize(), 1U);
}

TEST_F(RunProgressTest, RefusesAGapInsideTheBatch) {
  EXPECT_THAT(Receive({Line(1, "a"), Line(3, "c")}), StatusIs(StatusCode::kOutOfRange));
  EXPECT_EQ(JournalSize(), 0U);
}

TEST_F(RunProgressTest, RefusesASequenceTwiceInsideTheBatch) {
  EXPECT_THAT(Receive({Line(1, "a"), Line(1, "a")}), StatusIs(StatusCode::kOutOfRange));
  EXPECT_EQ(JournalSize(), 0U);
}

TEST_F(RunProgressTest, RefusesSequenceZero) {
  EXPECT_FALSE(Receive({Line(0, "a")}).ok());
  EXPECT_EQ(JournalSize(), 0U);
}

TEST_F(RunProgressTest, RefusesEventsOverTheRunsLimit) {
  server::Run run = LoadRun();
  run.event_count = kEventsPerRunMax;
  ASSERT_OK(Write([&](Tx& tx) { return tx.runs.UpdateRun(run); }));
  EXPECT_THAT(Receive({Line(kEventsPerRunMax + 1, "a")}), StatusIs(StatusCode::kResourceExhausted));
}

TEST_F(RunProgressTest, LetsADeviceBeSealedOnceEveryBlockingItemSucceeded) {
  ASSERT_OK(
      Receive({Item(1, "policy", ItemState::kSucceeded), Item(2, "burn-in", ItemState::kSucceeded),
               Finished(3, RunOutcome::kSucceeded)}));
  const Device device = Load(device_);
  EXPECT_EQ(device.state, DeviceState::kReadyToSeal);
  EXPECT_TRUE(device.blocking_satisfied);
  EXPECT_EQ(LoadRun().outcome, RunOutcome::kSucceeded);
  EXPECT_EQ(
      Look<Command>([&](Tx& tx) { return tx.commands.GetCommand(command_.command_id); }).state,
      CommandState::kVerified);
}

TEST_F(RunProgressTest, DoesNotBelieveADeviceThatCallsAnIncompleteRunASuccess) {
  ASSERT_OK(
      Receive({Item(1, "policy", ItemState::kSucceeded), Finished(2, RunOutcome::kSucceeded)}));
  EXPECT_EQ(Load(device_).state, DeviceState::kFailed);
  EXPECT_EQ(Load(device_).failure.code, "RUN_INCOMPLETE");
  EXPECT_EQ(LoadRun().outcome, RunOutcome::kFailed);
}

TEST_F(RunProgressTest, NamesTheItemThatFailedTheRun) {
  ASSERT_OK(Receive({Item(1, "policy", ItemState::kSucceeded),
                     Item(2, "burn-in", ItemState::kFailed, "APPLY_FAILED", "fan 2 stalled"),
                     Finished(3, RunOutcome::kFailed)}));
  const Failure failure = Load(device_).failure;
  EXPECT_EQ(failure.item_id, "burn-in");
  EXPECT_EQ(failure.code, "APPLY_FAILED");
  EXPECT_EQ(failure.message, "Burn-in test: fan 2 stalled");
  EXPECT_THAT(flow_->Reseal(lead_, device_, ""),
              StatusIs(StatusCode::kFailedPrecondition, "Burn-in test"));
}

TEST_F(RunProgressTest, IsNotHeldUpByATrackedItem) {
  ASSERT_OK(
      Receive({Item(1, "policy", ItemState::kSucceeded), Item(2, "burn-in", ItemState::kSucceeded),
               Item(3, "wallpaper", ItemState::kFailed, "APPLY_FAILED"),
               Finished(4, RunOutcome::kSucceeded)}));
  EXPECT_EQ(Load(device_).state, DeviceState::kReadyToSeal);
}

TEST_F(RunProgressTest, CountsAnItemOutsideThePlanForNothing) {
  ASSERT_OK(Receive({Item(1, "smuggled", ItemState::kSucceeded)}));
  EXPECT_EQ(JournalSize(), 1U);
  EXPECT_EQ(Load(device_).items_done, 0U);
}

TEST_F(RunProgressTest, DoesNotMoveACommandOfAnotherDevice) {
  const DeviceId other = AddEnrolled("A-18").id;
  ASSERT_OK_AND_ASSIGN(const Command foreign, flow_->Start(lead_, other, ""));
  ASSERT_OK(Receive({MakeEvent(1, CommandChanged{.command_id = foreign.command_id,
                                                 .state = CommandChanged::State::kFailed})}));
  EXPECT_EQ(Look<Command>([&](Tx& tx) { return tx.commands.GetCommand(foreign.command_id); }).state,
            foreign.state);
}

TEST_F(RunProgressTest, AnUnansweredQuestionIsRemediedByAnAnswerNotByALog) {
  ASSERT_OK(Receive({Item(1, "policy", ItemState::kFailed, "PROMPT_UNANSWERED"),
                     Finished(2, RunOutcome::kFailed)}));
  const auto device = Look<Device>([&](Tx& tx) { return tx.devices.Get(device_); });
  EXPECT_EQ(device.failure.code, "PROMPT_UNANSWERED");
  EXPECT_EQ(device.failure.remedy, "Retry, and answer while it asks: at the device or from here.");
}

}  // namespace
}  // namespace preseal::server
