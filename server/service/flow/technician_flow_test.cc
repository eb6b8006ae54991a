// SPDX-License-Identifier: Apache-2.0
#include "server/service/flow/technician_flow.h"

#include <gmock/gmock.h>

#include "common/base/limits.h"
#include "server/service/service_fixture.h"

namespace preseal::server {
namespace {

using test::StatusIs;

class TechnicianFlowTest : public FlowTest {
 protected:
  // As if its run had ended; only the record matters to the flow.
  Device AddReadyToSeal(const std::string& serial) {
    Device device = AddEnrolled(serial);
    EXPECT_OK(flow_->Start(lead_, device.id, ""));
    device = Load(device.id);
    device.state = DeviceState::kReadyToSeal;
    device.blocking_satisfied = true;
    EXPECT_OK(Write([&](Tx& tx) { return tx.devices.Put(&device); }));
    return device;
  }
};

TEST_F(TechnicianFlowTest, StartFreezesThePlanIntoTheFirstRun) {
  const Device device = AddEnrolled("A-17");
  ASSERT_OK_AND_ASSIGN(const Command command, flow_->Start(lead_, device.id, ""));
  EXPECT_EQ(command.kind, CommandKind::kStart);
  EXPECT_EQ(command.actor, "lena");
  EXPECT_EQ(command.run_id, RunId::Of(device.id, 1));
  EXPECT_EQ(Load(device.id).state, DeviceState::kProvisioning);
  const server::Run run =
      Look<server::Run>([&](Tx& tx) { return tx.runs.GetRun(*command.run_id); });
  EXPECT_EQ(run.plan, (Bytes{1, 2, 3}));
  EXPECT_EQ(
      Look<std::vector<server::Item>>([&](Tx& tx) { return tx.runs.Items(device.id, 1); }).size(),
      3U);
}

TEST_F(TechnicianFlowTest, AQuarantinedDeviceRunsTheQuarantineProfileAndNoOther) {
  Device device = AddEnrolled("A-17");
  device.quarantined = true;
  ASSERT_OK(Write([&](Tx& tx) { return tx.devices.Put(&device); }));
  EXPECT_THAT(flow_->Start(lead_, device.id, ""), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_EQ(Load(device.id).state, DeviceState::kEnrolled);
  profile_.quarantine = "quarantine";
  ASSERT_OK_AND_ASSIGN(const Command command, flow_->Start(lead_, device.id, ""));
  const server::Run run =
      Look<server::Run>([&](Tx& tx) { return tx.runs.GetRun(*command.run_id); });
  EXPECT_EQ(run.profile, "quarantine");
}

TEST_F(TechnicianFlowTest, AQuarantinedDeviceIsNotSealed) {
  Device device = AddReadyToSeal("A-17");
  device.quarantined = true;
  ASSERT_OK(Write([&](Tx& tx) { return tx.devices.Put(&device); }));
  EXPECT_THAT(flow_->Reseal(lead_, device.id, ""), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_EQ(Load(device.id).state, DeviceState::kReadyToSeal);
}

TEST_F(TechnicianFlowTest, AnswersARepeatedRequestWithTheFirstCommand) {
  const Device device = AddEnrolled("A-17");
  ASSERT_OK_AND_ASSIGN(const Command first, flow_->Start(lead_, device.id, "r-1"));
  ASSERT_OK_AND_ASSIGN(const Command again, flow_->Start(lead_, device.id, "r-1"));
  EXPECT_EQ(again.command_id, first.command_id);
  EXPECT_EQ(Load(device.id).attempt, 1U);
}

TEST_F(TechnicianFlowTest, TakesTheSameRequestIdOfAnotherPersonAsAnotherRequest) {
  const Device device = AddEnrolled("A-17");
  ASSERT_OK(flow_->Start(lead_, device.id, "r-1"));
  const Principal other{.name = "otto", .role = Role::kOperator};
  EXPECT_THAT(flow_->Start(other, device.id, "r-1"), StatusIs(StatusCode::kFailedPrecondition));
}

TEST_F(TechnicianFlowTest, ForgetsARequestIdAfterItsLife) {
  const Device device = AddEnrolled("A-17");
  ASSERT_OK(flow_->Start(lead_, device.id, "r-1"));
  clock_.Turn(kRequestIdLife + std::chrono::seconds(1));
  EXPECT_THAT(flow_->Start(lead_, device.id, "r-1"), StatusIs(StatusCode::kFailedPrecondition));
}

TEST_F(TechnicianFlowTest, RefusesARequestIdOverItsLimit) {
  const Device device = AddEnrolled("A-17");
  EXPECT_THAT(flow_->Start(lead_, device.id, std::string(kRequestIdBytesMax + 1, 'r')),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_OK(flow_->Start(lead_, device.id, std::string(kRequestIdBytesMax, 'r')));
}

TEST_F(TechnicianFlowTest, RefusesToStartADeviceTwice) {
  const Device device = AddEnrolled("A-17");
  ASSERT_OK(flow_->Start(lead_, device.id, ""));
  EXPECT_THAT(flow_->Start(lead_, device.id, ""), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_EQ(Load(device.id).attempt, 1U);
}

TEST_F(TechnicianFlowTest, RefusesToRetryADeviceThatHasNotFailed) {
  const Device device = AddEnrolled("A-17");
  EXPECT_THAT(flow_->Retry(lead_, device.id, ""), StatusIs(StatusCode::kFailedPrecondition));
}

TEST_F(TechnicianFlowTest, RetriesAFailedRunWithTheNextAttempt) {
  Device device = AddEnrolled("A-17");
  ASSERT_OK(flow_->Start(lead_, device.id, ""));
  device = Load(device.id);
  device.state = DeviceState::kFailed;
  ASSERT_OK(Write([&](Tx& tx) { return tx.devices.Put(&device); }));
  ASSERT_OK_AND_ASSIGN(const Command command, flow_->Retry(lead_, device.id, ""));
  EXPECT_EQ(command.run_id, RunId::Of(device.id, 2));
  EXPECT_EQ(Load(device.id).state, DeviceState::kProvisioning);
}

TEST_F(TechnicianFlowTest, NamesEveryOpenBlockingItemWhenItRefusesToReseal) {
  const Device device = AddEnrolled("A-17");
  ASSERT_OK(flow_->Start(lead_, device.id, ""));
  const auto refused = flow_->Reseal(lead_, device.id, "");
  EXPECT_THAT(refused, StatusIs(StatusCode::kFailedPrecondition, "Burn-in test"));
  EXPECT_THAT(refused, StatusIs(StatusCode::kFailedPrecondition, "Policy"));
  EXPECT_THAT(MessageOf(refused.status()), testing::Not(testing::HasSubstr("Wallpaper")));
  EXPECT_EQ(Load(device.id).state, DeviceState::kProvisioning);
}

TEST_F(TechnicianFlowTest, AsksForAFreshNonceAtEachReseal) {
  const Device one = AddReadyToSeal("A-17");
  const Device two = AddReadyToSeal("A-18");
  ASSERT_OK_AND_ASSIGN(const Command first, flow_->Reseal(lead_, one.id, ""));
  ASSERT_OK_AND_ASSIGN(const Command second, flow_->Reseal(lead_, two.id, ""));
  EXPECT_EQ(first.nonce.size(), kNonceBytes);
  EXPECT_NE(first.nonce, second.nonce);
  EXPECT_EQ(first.seal_step, SealStep::kQuoting);
  EXPECT_EQ(Load(one.id).state, DeviceState::kSealing);
}

TEST_F(TechnicianFlowTest, RefusesToResealASealedDevice) {
  Device device = AddReadyToSeal("A-17");
  device.state = DeviceState::kSealed;
  ASSERT_OK(Write([&](Tx& tx) { return tx.devices.Put(&device); }));
  EXPECT_THAT(flow_->Reseal(lead_, device.id, ""), StatusIs(StatusCode::kFailedPrecondition));
}

TEST_F(TechnicianFlowTest, KnowsNoDeviceThatWasNotImported) {
  EXPECT_THAT(flow_->Start(lead_, DeviceId::FromNumber(4711), ""), StatusIs(StatusCode::kNotFound));
}

}  // namespace
}  // namespace preseal::server
