// SPDX-License-Identifier: Apache-2.0
#include "server/service/flow/run_commands.h"

#include <gmock/gmock.h>

#include "common/base/limits.h"
#include "server/service/device_edit.h"
#include "server/service/flow/action_desk.h"
#include "server/service/flow/deadline_watch.h"
#include "server/service/flow/run_progress.h"
#include "server/service/service_fixture.h"

namespace preseal::server {
namespace {

using test::StatusIs;
using testing::HasSubstr;

// The prompt of every plan here: yes or no.
class YesOrNo final : public PromptReader {
 public:
  StatusOr<PromptRules> Find(ByteView, std::string_view) const override {
    return PromptRules{.choices = {"yes", "no"}};
  }
};

class RunCommandsTest : public FlowTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(FlowTest::SetUp());
    landing_.emplace(*store_, clock_, *live_, profile_, "Acme");
    commands_.emplace(*store_, clock_, profile_, *dispatcher_, *landing_, prompts_);
    actions_.emplace(*flow_, *commands_, clock_);
    device_ = AddEnrolled("A-17").id;
    Connect(true);
  }

  void Connect(bool connected) {
    Change([&](Device* device) {
      device->contact = connected ? ContactState::kConnected : ContactState::kDisconnected;
    });
  }
  void Change(const std::function<void(Device*)>& change) {
    Device device = Load(device_);
    change(&device);
    ASSERT_OK(Write([&](Tx& tx) { return tx.devices.Put(&device); }));
  }
  void Start() { ASSERT_OK(flow_->Start(lead_, device_, "")); }
  void Receive(const std::vector<Event>& events) { FlowTest::Receive(device_, events); }
  // Its blocking item burn-in failed, the rest is well.
  void FailBurnIn() {
    Start();
    Receive({Item(1, "policy", ItemState::kSucceeded),
             Item(2, "burn-in", ItemState::kFailed, "STEP_EXIT_CODE", "fan 2"),
             MakeEvent(3, RunFinished{.outcome = RunOutcome::kFailed})});
    ASSERT_EQ(Load(device_).state, DeviceState::kFailed);
  }
  server::Run LoadRun() {
    return Look<server::Run>(
        [&](Tx& tx) { return tx.runs.GetRun(RunId::Of(device_, Load(device_).attempt)); });
  }
  server::Item LoadItem(const std::string& id) {
    for (const server::Item& item : Look<std::vector<server::Item>>(
             [&](Tx& tx) { return tx.runs.Items(device_, Load(device_).attempt); })) {
      if (item.item_id.text() == id) return item;
    }
    ADD_FAILURE() << "no item " << id;
    return {};
  }
  std::vector<DeviceOrder> Orders() {
    return Look<std::vector<DeviceOrder>>(
        [&](Tx& tx) { return Dispatcher::OpenOrders(tx, device_); });
  }

  YesOrNo prompts_;
  std::optional<LandingDesk> landing_;
  std::optional<RunCommands> commands_;
  std::optional<ActionDesk> actions_;
  DeviceId device_;
  const Principal operator_{.name = "otto", .role = Role::kOperator};
};

TEST_F(RunCommandsTest, AWaiverOfTheLastOpenItemHealsAFailedDeviceThatIsNotEvenThere) {
  FailBurnIn();
  Connect(false);
  ASSERT_OK(commands_->Waive(lead_, device_, "burn-in", "fan known", "r-1"));
  EXPECT_EQ(Load(device_).state, DeviceState::kReadyToSeal);
  EXPECT_TRUE(Load(device_).blocking_satisfied);
  EXPECT_TRUE(Load(device_).failure.code.empty());
  const server::Item item = LoadItem("burn-in");
  ASSERT_TRUE(item.waiver.has_value());
  EXPECT_EQ(item.waiver->actor, "lena");
  EXPECT_EQ(item.waiver->reason, "fan known");
  EXPECT_EQ(LoadRun().outcome, RunOutcome::kSucceeded);
  // The device is told when it comes.
  ASSERT_EQ(Orders().size(), 1u);
  EXPECT_EQ(std::get<WaiveOrder>(Orders()[0].action).item_id, "burn-in");
}

TEST_F(RunCommandsTest, AWaiverNeedsALeadAReasonAndAnItemThatHoldsSomethingUp) {
  FailBurnIn();
  EXPECT_THAT(commands_->Waive(operator_, device_, "burn-in", "x", ""),
              StatusIs(StatusCode::kPermissionDenied, "lead"));
  EXPECT_THAT(commands_->Waive(lead_, device_, "burn-in", " ", ""),
              StatusIs(StatusCode::kInvalidArgument, "reason"));
  EXPECT_THAT(commands_->Waive(lead_, device_, "no-such", "x", ""),
              StatusIs(StatusCode::kInvalidArgument, "no-such"));
  EXPECT_THAT(commands_->Waive(lead_, device_, "policy", "x", ""),
              StatusIs(StatusCode::kFailedPrecondition, "settled"));
  EXPECT_EQ(Load(device_).state, DeviceState::kFailed);
}

TEST_F(RunCommandsTest, AWaiverTheDeviceMadeUpCountsForNothing) {
  Start();
  Receive({Item(1, "policy", ItemState::kSucceeded),
           Item(2, "burn-in", ItemState::kFailed, "STEP_EXIT_CODE"),
           MakeEvent(3, ItemWaived{.item_id = *ItemId::Parse("burn-in"), .actor = "lena"}),
           MakeEvent(4, RunFinished{.outcome = RunOutcome::kSucceeded})});
  EXPECT_EQ(Load(device_).state, DeviceState::kFailed);
  EXPECT_FALSE(LoadItem("burn-in").waiver.has_value());
}

TEST_F(RunCommandsTest, LateSuccessOfTheLastOpenItemHeals) {
  FailBurnIn();
  Receive({Item(4, "burn-in", ItemState::kSucceeded)});
  EXPECT_EQ(Load(device_).state, DeviceState::kReadyToSeal);
  EXPECT_EQ(LoadRun().outcome, RunOutcome::kSucceeded);
}

TEST_F(RunCommandsTest, HoldIsKnownWhenTheDeviceSaysSoAndResumeGivesTheTimeBack) {
  profile_.esp.timeout = std::chrono::minutes(60);
  Start();
  EXPECT_THAT(commands_->Resume(operator_, device_, ""),
              StatusIs(StatusCode::kFailedPrecondition, "not on hold"));
  ASSERT_OK(commands_->Hold(operator_, device_, "wrong cable", ""));
  EXPECT_FALSE(Load(device_).held);
  Receive({MakeEvent(1, HoldChanged{true, "otto", "wrong cable"})});
  const Device held = Load(device_);
  EXPECT_TRUE(held.held);
  ASSERT_TRUE(held.wait.has_value());
  EXPECT_EQ(held.wait->kind, Wait::Kind::kHold);
  EXPECT_EQ(held.wait->owner, "otto");
  clock_.Turn(std::chrono::minutes(10));
  ASSERT_OK(commands_->Resume(operator_, device_, ""));
  Receive({MakeEvent(2, HoldChanged{false, "otto", ""})});
  EXPECT_FALSE(Load(device_).held);
  EXPECT_FALSE(Load(device_).wait.has_value());
  EXPECT_EQ(LoadRun().limit, std::chrono::minutes(70));
}

TEST_F(RunCommandsTest, AnAnswerIsCheckedAgainstThePlan) {
  Start();
  EXPECT_THAT(commands_->Answer(operator_, device_, "policy", "yes", ""),
              StatusIs(StatusCode::kFailedPrecondition, "asks nothing"));
  Receive({MakeEvent(1, ItemChanged{.item_id = *ItemId::Parse("policy"),
                                    .state = ItemState::kInProgress,
                                    .wait = Wait{.kind = Wait::Kind::kPrompt}})});
  EXPECT_THAT(commands_->Answer(operator_, device_, "policy", "maybe", ""),
              StatusIs(StatusCode::kInvalidArgument, "yes, no"));
  EXPECT_THAT(commands_->Answer(operator_, device_, "burn-in", "yes", ""),
              StatusIs(StatusCode::kFailedPrecondition, "asks nothing"));
  ASSERT_OK(commands_->Answer(operator_, device_, "policy", "yes", ""));
  const auto orders = Orders();
  ASSERT_EQ(orders.size(), 2u);
  EXPECT_EQ(std::get<AnswerPromptOrder>(orders[1].action).answer, "yes");
}

TEST_F(RunCommandsTest, ExtendMovesTheRunsLimitAndKeepsToItsRange) {
  Start();
  const auto before = LoadRun().limit;
  EXPECT_THAT(commands_->Extend(lead_, device_, "", std::chrono::seconds(59), ""),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(commands_->Extend(lead_, device_, "", kStepTimeoutMax + std::chrono::seconds(1), ""),
              StatusIs(StatusCode::kInvalidArgument));
  ASSERT_OK(commands_->Extend(lead_, device_, "", std::chrono::minutes(5), ""));
  EXPECT_EQ(LoadRun().limit, before + std::chrono::minutes(5));
  ASSERT_OK(commands_->Extend(lead_, device_, "policy", std::chrono::minutes(5), ""));
  EXPECT_EQ(LoadRun().limit, before + std::chrono::minutes(5));
}

TEST_F(RunCommandsTest, ResetGivesTheRunUpAndKeepsIdentityAndName) {
  FailBurnIn();
  Change([](Device* device) { device->device_name = "KIOSK-17"; });
  ASSERT_OK(commands_->Reset(lead_, device_, "wrong profile", ""));
  const Device device = Load(device_);
  EXPECT_EQ(device.state, DeviceState::kEnrolled);
  EXPECT_TRUE(device.enrolled);
  EXPECT_EQ(device.device_name, "KIOSK-17");
  EXPECT_FALSE(device.blocking_satisfied);
  EXPECT_EQ(LoadRun().outcome, RunOutcome::kAbandoned);
  ASSERT_EQ(Orders().size(), 1u);
  EXPECT_TRUE(std::holds_alternative<ResetOrder>(Orders()[0].action));
  // What the old run still delivers is journalled and moves nothing.
  Receive({Item(4, "burn-in", ItemState::kSucceeded),
           MakeEvent(5, RunFinished{.outcome = RunOutcome::kSucceeded})});
  EXPECT_EQ(Load(device_).state, DeviceState::kEnrolled);
  EXPECT_EQ(LoadRun().outcome, RunOutcome::kAbandoned);
  ASSERT_OK(flow_->Start(lead_, device_, ""));
  EXPECT_EQ(Load(device_).attempt, 2u);
}

TEST_F(RunCommandsTest, AButtonAtTheDeviceFollowsTheProfileAndALeadStandsAboveIt) {
  FailBurnIn();
  const ActionAnswer refused = actions_->Act(device_, "r-1", DeviceAction::kReset);
  EXPECT_FALSE(refused.accepted);
  EXPECT_THAT(refused.message, HasSubstr("does not allow \"reset\""));
  EXPECT_EQ(refused.request_id, "r-1");
  EXPECT_EQ(Load(device_).state, DeviceState::kFailed);
  const ActionAnswer retried = actions_->Act(device_, "r-2", DeviceAction::kRetry);
  EXPECT_TRUE(retried.accepted) << retried.message;
  EXPECT_EQ(Load(device_).state, DeviceState::kProvisioning);
  ASSERT_OK(commands_->Reset(lead_, device_, "wrong profile", ""));
}

TEST_F(RunCommandsTest, BlockRetryHidesTheRetryAtTheDeviceOnly) {
  profile_.esp.block_retry = true;
  FailBurnIn();
  EXPECT_FALSE(actions_->Act(device_, "r-1", DeviceAction::kRetry).accepted);
  EXPECT_OK(flow_->Retry(operator_, device_, ""));
}

TEST_F(RunCommandsTest, AProfileThatForbidsPreProvisioningIsNotStartedByAnybody) {
  profile_.preprovisioning_allowed = false;
  EXPECT_THAT(flow_->Start(lead_, device_, ""),
              StatusIs(StatusCode::kFailedPrecondition, "0x80180005"));
  EXPECT_THAT(actions_->Act(device_, "r-1", DeviceAction::kProvision).message,
              HasSubstr("PROFILE_NOT_ALLOWED"));
  EXPECT_EQ(Load(device_).state, DeviceState::kEnrolled);
}

TEST_F(RunCommandsTest, ADeviceCannotFillTheAuditLogByPressingAButton) {
  profile_.esp.allow_log_collection = true;
  int accepted = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string request = "r-" + std::to_string(i);
    accepted += actions_->Act(device_, request, DeviceAction::kDiagnostics).accepted ? 1 : 0;
  }
  EXPECT_EQ(accepted, 3);
  EXPECT_THAT(actions_->Act(device_, "r-100", DeviceAction::kDiagnostics).message,
              HasSubstr("wait"));
}

TEST_F(RunCommandsTest, TheCardOffersWhatTheTableAllowsAtTheDevice) {
  const auto card = Look<LandingFacts>([&](Tx& tx) { return landing_->Of(tx, Load(device_)); });
  EXPECT_THAT(card.actions, testing::ElementsAre(DeviceAction::kRefresh, DeviceAction::kProvision));
  EXPECT_EQ(card.organisation, "Acme");
  EXPECT_FALSE(card.user_flow.has_value());
}

TEST_F(RunCommandsTest, ARunNobodyHearsOfFailsAndLateEvidenceHealsIt) {
  profile_.esp.timeout = std::chrono::minutes(60);
  Start();
  DeadlineWatch watch(*store_, clock_);
  clock_.Turn(std::chrono::minutes(60) + kRunOverdueGrace);
  watch.Tick();
  ASSERT_OK(Write([](Tx&) { return OkStatus(); }));
  EXPECT_EQ(Load(device_).state, DeviceState::kProvisioning);
  clock_.Turn(std::chrono::seconds(1));
  DeadlineWatch again(*store_, clock_);  // the steady clock stands still: the first has looked
  again.Tick();
  ASSERT_OK(Write([](Tx&) { return OkStatus(); }));
  EXPECT_EQ(Load(device_).state, DeviceState::kFailed);
  EXPECT_EQ(Load(device_).failure.code, "RUN_TIMEOUT");
  EXPECT_TRUE(LoadRun().timed_out);
  Receive({Item(1, "policy", ItemState::kSucceeded), Item(2, "burn-in", ItemState::kSucceeded),
           MakeEvent(3, RunFinished{.outcome = RunOutcome::kSucceeded})});
  EXPECT_EQ(Load(device_).state, DeviceState::kReadyToSeal);
}

TEST_F(RunCommandsTest, ARunOnHoldDoesNotAge) {
  Start();
  Receive({MakeEvent(1, HoldChanged{true, "otto", "lunch"})});
  clock_.Turn(std::chrono::hours(48));
  EXPECT_FALSE(IsOverdue(LoadRun(), clock_.Now()));
}

TEST_F(RunCommandsTest, AnAnnouncedRestartIsAWaitOfItsOwnUntilTheDeviceIsBack) {
  Start();
  Receive({MakeEvent(1, RunInterrupted{"policy", "boot-1", std::chrono::minutes(3)})});
  ASSERT_TRUE(Load(device_).wait.has_value());
  EXPECT_EQ(Load(device_).wait->kind, Wait::Kind::kReboot);
  EXPECT_EQ(Load(device_).wait->limit, std::chrono::minutes(3));
  EXPECT_EQ(Load(device_).wait->start_time, clock_.Now());
  Receive({MakeEvent(2, RunResumed{.boot_id = "boot-2", .rebooted = true, .planned = true})});
  EXPECT_FALSE(Load(device_).wait.has_value());
}

class UserRunTest : public RunCommandsTest {
 protected:
  // Sealed, then somebody signed in.
  void SignIn() {
    Change([](Device* device) { device->state = DeviceState::kSealed; });
    ASSERT_OK(Write([&](Tx& tx) -> Status {
      ASSIGN_OR_RETURN(Device device, tx.devices.Get(device_));
      return flow_->BeginUserRun(tx, "eve", &device).status();
    }));
    ASSERT_EQ(Load(device_).state, DeviceState::kUserSetup);
    ASSERT_EQ(LoadRun().flow, Flow::kUser);
  }
  void Fail() {
    Receive({Item(1, "policy", ItemState::kFailed, "STEP_EXIT_CODE"),
             MakeEvent(2, RunFinished{.outcome = RunOutcome::kFailed})});
  }
};

TEST_F(UserRunTest, EndsInServiceWhenEveryBlockingItemIsVerified) {
  SignIn();
  Receive({Item(1, "policy", ItemState::kSucceeded), Item(2, "burn-in", ItemState::kSucceeded),
           MakeEvent(3, RunFinished{.outcome = RunOutcome::kSucceeded})});
  EXPECT_EQ(Load(device_).state, DeviceState::kInService);
}

TEST_F(UserRunTest, FailsAndIsRetriedInTheUserFlow) {
  SignIn();
  Fail();
  EXPECT_EQ(Load(device_).state, DeviceState::kFailed);
  ASSERT_OK(flow_->Retry(lead_, device_, ""));
  EXPECT_EQ(Load(device_).state, DeviceState::kUserSetup);
  EXPECT_EQ(LoadRun().flow, Flow::kUser);
}

TEST_F(UserRunTest, GoesOnPastAnErrorOnlyWhereTheProfileOrALeadAllowsIt) {
  SignIn();
  Fail();
  Receive({MakeEvent(3, RunFinished{.outcome = RunOutcome::kFailed, .continued = true})});
  EXPECT_EQ(Load(device_).state, DeviceState::kFailed);
  EXPECT_FALSE(actions_->Act(device_, "r-1", DeviceAction::kContinue).accepted);
  ASSERT_OK(commands_->Continue(lead_, device_, ""));
  Receive({MakeEvent(4, RunFinished{.outcome = RunOutcome::kFailed, .continued = true})});
  EXPECT_EQ(Load(device_).state, DeviceState::kInService);
  EXPECT_TRUE(LoadRun().continued);
}

TEST_F(UserRunTest, DoesNotHoldTheUserWhereTheProfileDoesNotBlockUse) {
  profile_.esp.block_use = false;
  SignIn();
  Fail();
  EXPECT_EQ(Load(device_).state, DeviceState::kInService);
  EXPECT_TRUE(LoadRun().continued);
}

class DeviceEditTest : public RunCommandsTest {
 protected:
  StatusOr<Device> Update(const DeviceChange& change) {
    return DeviceEdit(*store_, clock_, *landing_).Update(lead_, device_, change);
  }
};

TEST_F(DeviceEditTest, ChangesWhatWasGivenAndNothingElse) {
  ASSERT_OK(Update({.group_tag = "kiosks", .attributes = {{"floor", "3"}, {"wing", "B"}}}));
  ASSERT_OK(Update({.assigned_user = "eve", .attributes = {{"wing", ""}}}));
  const Device device = Load(device_);
  EXPECT_EQ(device.group_tag, "kiosks");
  EXPECT_EQ(device.assigned_user, "eve");
  EXPECT_EQ(device.attributes, (std::map<std::string, std::string>{{"floor", "3"}}));
}

TEST_F(DeviceEditTest, PinsOnlyAProfileThatIsThere) {
  EXPECT_THAT(Update({.profile = "nope"}),
              StatusIs(StatusCode::kNotFound, "there is no profile \"nope\""));
  StoredDocument document{.id = "office", .version = 1, .digest = Bytes(32, 1), .actor = "ada"};
  ASSERT_OK(Write([&](Tx& tx) { return tx.documents.PutDocument(document); }));
  EXPECT_OK(Update({.profile = "office"}));
  EXPECT_EQ(Load(device_).profile, "office");
  document.version = 2;
  document.deleted = true;
  ASSERT_OK(Write([&](Tx& tx) { return tx.documents.PutDocument(document); }));
  EXPECT_THAT(Update({.profile = "office"}), StatusIs(StatusCode::kNotFound, "office"));
  EXPECT_OK(Update({.profile = ""}));
}

TEST_F(DeviceEditTest, NamesTheFieldThatIsTooLong) {
  EXPECT_THAT(Update({.slot = std::string(kSlotBytesMax + 1, 's')}),
              StatusIs(StatusCode::kInvalidArgument, "slot"));
  EXPECT_THAT(Update({.attributes = {{"", "x"}}}), StatusIs(StatusCode::kInvalidArgument, "key"));
}

}  // namespace
}  // namespace preseal::server
