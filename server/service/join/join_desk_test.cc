// SPDX-License-Identifier: Apache-2.0
#include "server/service/join/join_desk.h"

#include <gmock/gmock.h>

#include "server/service/join/join_fixture.h"
#include "server/service/service_fixture.h"

namespace preseal::server {
namespace {

using test::StatusIs;

// The office profile's plan does not parse; this is what stands in it.
class OneJoinItem final : public JoinPlans {
 public:
  StatusOr<std::optional<JoinItem>> Find(ByteView plan, std::string_view id) const override {
    if (plan.size() != 3) return DataLoss("another plan");
    return id == "join" ? std::optional(item) : std::nullopt;
  }
  JoinItem item{"Floor.Test", "PS-A-17"};
};

class JoinDeskTest : public FlowTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(FlowTest::SetUp());
    device_ = AddEnrolled("A-17").id;
    ASSERT_OK_AND_ASSIGN(const Command command, flow_->Start(lead_, device_, ""));
    run_ = *command.run_id;
  }
  JoinDesk Desk() { return JoinDesk(*store_, clock_, plans_, &directory_); }
  StatusOr<JoinBlob> Fetch() {
    JoinDesk desk = Desk();
    return desk.Fetch(device_, run_, "join");
  }

  OneJoinItem plans_;
  MemoryDirectory directory_;
  DeviceId device_;
  RunId run_;
};

TEST_F(JoinDeskTest, ProvisionsUnderTheNameThePlanGives) {
  ASSERT_OK_AND_ASSIGN(const JoinBlob blob, Fetch());
  EXPECT_EQ(AsText(blob.blob.Reveal()), "blob 1");
  EXPECT_THAT(directory_.names, testing::ElementsAre("PS-A-17"));
}

TEST_F(JoinDeskTest, RepeatProvisionsAnew) {
  ASSERT_OK(Fetch());
  ASSERT_OK_AND_ASSIGN(const JoinBlob second, Fetch());
  EXPECT_EQ(AsText(second.blob.Reveal()), "blob 2");
}

TEST_F(JoinDeskTest, RefusesAnItemThatIsNoOfflineJoin) {
  JoinDesk desk = Desk();
  EXPECT_THAT(desk.Fetch(device_, run_, "policy"), StatusIs(StatusCode::kNotFound));
  EXPECT_TRUE(directory_.names.empty());
}

TEST_F(JoinDeskTest, RefusesAnotherRunOfTheDevice) {
  JoinDesk desk = Desk();
  EXPECT_THAT(desk.Fetch(device_, RunId::Of(device_, 2), "join"),
              StatusIs(StatusCode::kFailedPrecondition, "present run"));
  EXPECT_TRUE(directory_.names.empty());
}

TEST_F(JoinDeskTest, RefusesTheRunOfAnotherDevice) {
  const DeviceId other = AddEnrolled("A-18").id;
  ASSERT_OK(flow_->Start(lead_, other, ""));
  JoinDesk desk = Desk();
  EXPECT_THAT(desk.Fetch(other, run_, "join"), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_TRUE(directory_.names.empty());
}

TEST_F(JoinDeskTest, RefusesADeviceThatIsNotProvisioning) {
  ASSERT_OK(Write([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(Device device, tx.devices.Get(device_));
    RETURN_IF_ERROR(Advance(LifecycleEvent::kRunFailed, clock_.Now(), &device));
    return tx.devices.Put(&device);
  }));
  EXPECT_THAT(Fetch(), StatusIs(StatusCode::kFailedPrecondition, "FAILED"));
  EXPECT_TRUE(directory_.names.empty());
}

TEST_F(JoinDeskTest, RefusesAPlanForAnotherDomain) {
  plans_.item.domain = "other.test";
  EXPECT_THAT(Fetch(), StatusIs(StatusCode::kFailedPrecondition, "other.test"));
}

TEST_F(JoinDeskTest, RefusesAPlanWithoutADirectoryName) {
  plans_.item.computer_name = "";
  EXPECT_THAT(Fetch(), StatusIs(StatusCode::kFailedPrecondition, "name template"));
}

TEST_F(JoinDeskTest, SaysThatNoProviderIsConfigured) {
  JoinDesk desk(*store_, clock_, plans_, nullptr);
  EXPECT_THAT(desk.Fetch(device_, run_, "join"),
              StatusIs(StatusCode::kFailedPrecondition, "no join provider"));
}

TEST_F(JoinDeskTest, PassesOnWhatTheDirectorySays) {
  directory_.failure = Unavailable("no domain controller");
  EXPECT_THAT(Fetch(), StatusIs(StatusCode::kUnavailable, "no domain controller"));
}

TEST_F(JoinDeskTest, RefusesASecondFetchWhileOneIsUnderWay) {
  JoinDesk desk = Desk();
  StatusOr<JoinBlob> second = Internal("not called");
  directory_.on_provision = [&] { second = desk.Fetch(device_, run_, "join"); };
  EXPECT_OK(desk.Fetch(device_, run_, "join"));
  EXPECT_THAT(second, StatusIs(StatusCode::kAborted));
  directory_.on_provision = nullptr;
  EXPECT_OK(desk.Fetch(device_, run_, "join"));
}

TEST_F(JoinDeskTest, StopReachesTheProvider) {
  JoinDesk desk = Desk();
  desk.Stop();
  EXPECT_THAT(desk.Fetch(device_, run_, "join"), StatusIs(StatusCode::kUnavailable));
  EXPECT_TRUE(directory_.names.empty());
}

TEST(IsComputerNameTest, TakesWhatNetBiosAndDnsTake) {
  EXPECT_TRUE(IsComputerName("PS-LAPTOP-00001"));
  EXPECT_TRUE(IsComputerName("a"));
  EXPECT_FALSE(IsComputerName("PS-LAPTOP-000001"));
}

}  // namespace
}  // namespace preseal::server
