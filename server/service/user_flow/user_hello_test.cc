// SPDX-License-Identifier: Apache-2.0
// The first message of an agent that was started for the user flow.
#include <gmock/gmock.h>

#include "server/service/device_sessions.h"
#include "server/service/user_flow/user_flow_fixture.h"

namespace preseal::server {
namespace {

using test::StatusIs;

class NoEvidence final : public EvidenceDecoder {
 public:
  StatusOr<DecodedEvidence> Decode(ByteView) const override {
    return DataLoss("no evidence is looked at here");
  }
};

class UserHelloTest : public UserFlowTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(UserFlowTest::SetUp());
    ASSERT_NO_FATAL_FAILURE(MakeAuthority());
    seals_.emplace(*store_, clock_, evidence_, *ca_, "Acme");
    renewals_.emplace(*store_, clock_, evidence_, *ca_);
    sessions_.emplace(*store_, clock_, *live_, revocations_, *flow_, *dispatcher_, *landing_,
                      *seals_, *renewals_, RequestDesks{.sign_in = &*user_flow_},
                      SessionSettings{});
    Alter([](Device* device) { device->certificate_sha256 = Bytes(32, 9); });
  }
  StatusOr<WelcomeFacts> Hello(Flow flow) {
    return sessions_->Hello(
        {.device_id = device_, .certificate_sha256 = Bytes(32, 9), .flow = flow});
  }
  void BeIn(DeviceState state) {
    Alter([state](Device* device) { device->state = state; });
  }

  NoEvidence evidence_;
  RevocationMap revocations_;
  std::optional<SealOffice> seals_;
  std::optional<RenewalOffice> renewals_;
  std::optional<DeviceSessions> sessions_;
};

TEST_F(UserHelloTest, ASealedDeviceIsWelcomedWithThePagesOfTheUserFlow) {
  profile_.out_of_box.language = "en-GB";
  IssueCode();
  ASSERT_OK_AND_ASSIGN(const WelcomeFacts welcome, Hello(Flow::kUser));
  ASSERT_TRUE(welcome.landing.user_flow);
  EXPECT_EQ(welcome.landing.user_flow->out_of_box.language, "en-GB");
  EXPECT_EQ(welcome.landing.user_flow->mode, Mode::kUserDriven);
  EXPECT_TRUE(welcome.landing.user_flow->one_time_code);
  EXPECT_FALSE(welcome.landing.user_flow->signed_in);
}

TEST_F(UserHelloTest, OnlyTheSealAndWhatFollowsItIsTheUserFlow) {
  for (const DeviceState state :
       {DeviceState::kEnrolled, DeviceState::kProvisioning, DeviceState::kReadyToSeal,
        DeviceState::kSealing, DeviceState::kFailed}) {
    BeIn(state);
    EXPECT_THAT(Hello(Flow::kUser), StatusIs(StatusCode::kFailedPrecondition, "once it is sealed"))
        << NameOf(state);
  }
  for (const DeviceState state :
       {DeviceState::kSealed, DeviceState::kUserSetup, DeviceState::kInService}) {
    BeIn(state);
    EXPECT_OK(Hello(Flow::kUser)) << NameOf(state);
  }
}

TEST_F(UserHelloTest, ARetiredDeviceIsTurnedAwayInTheUserFlowToo) {
  BeIn(DeviceState::kRetired);
  EXPECT_THAT(Hello(Flow::kUser), StatusIs(StatusCode::kPermissionDenied));
}

TEST_F(UserHelloTest, AnAgentOfTheTechnicianFlowMayLookAtASealedDevice) {
  EXPECT_OK(Hello(Flow::kTechnician));
  EXPECT_EQ(Load(device_).state, DeviceState::kSealed);
}

// The device is armed and gone before its silence was noticed.
TEST_F(UserHelloTest, ComingBackFromWhatWasSealedConfirmsTheSeal) {
  BeIn(DeviceState::kReadyToSeal);
  ASSERT_OK_AND_ASSIGN(Command reseal, flow_->Reseal(lead_, device_, ""));
  EXPECT_THAT(Hello(Flow::kUser), StatusIs(StatusCode::kFailedPrecondition, "SEALING"));
  reseal.seal_step = SealStep::kArmed;
  reseal.state = CommandState::kDone;
  ASSERT_OK(Write([&](Tx& tx) { return tx.commands.UpdateCommand(reseal); }));
  EXPECT_OK(Hello(Flow::kUser));
  EXPECT_EQ(Load(device_).state, DeviceState::kSealed);
}

TEST_F(UserHelloTest, ASignInOverTheSessionReachesTheDesk) {
  const std::string code = IssueCode();
  ASSERT_OK(Hello(Flow::kUser));
  sessions_->SignIn(
      device_, {.request_id = "r-9", .method = SignInAsk::OneTimeCode{"ada@example.com", code}},
      link_.get());
  ASSERT_EQ(link_->answers.size(), 1U);
  EXPECT_EQ(link_->answers.front().request_id, "r-9");
  EXPECT_EQ(Load(device_).state, DeviceState::kUserSetup);
}

}  // namespace
}  // namespace preseal::server
