// SPDX-License-Identifier: Apache-2.0
#include "server/service/user_flow/device_sign_ins.h"

#include <gmock/gmock.h>

#include <deque>

#include "server/service/user_flow/user_flow_fixture.h"

namespace preseal::server {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using State = SignInAnswer::State;

constexpr std::string_view kDeviceCode = "device-code-secret";

// Stands for the protocol behind the port, which tests/oidc shows with a real provider: answers
// what the test put down.
class ScriptedProvider final : public SignInProvider {
 public:
  StatusOr<DeviceAuthorization> Begin() override {
    ++begun;
    RETURN_IF_ERROR(begin_status);
    return DeviceAuthorization{.device_code = std::string(kDeviceCode),
                               .user_code = "WDJB-MJHT",
                               .verification_uri = "https://id.example/device",
                               .interval = seconds(5),
                               .expires_in = seconds(600)};
  }
  StatusOr<SignInPoll> Poll(const std::string& device_code) override {
    EXPECT_EQ(device_code, kDeviceCode);
    ++polled;
    RETURN_IF_ERROR(poll_status);
    return poll;
  }

  Status begin_status;
  Status poll_status;
  SignInPoll poll;
  int begun = 0;
  int polled = 0;
};

class RunningClock final : public Clock {
 public:
  explicit RunningClock(const Clock& wall) : wall_(wall) {}
  WallTime Now() const override { return wall_.Now(); }
  std::chrono::steady_clock::time_point Steady() const override { return steady; }
  std::chrono::steady_clock::time_point steady{};

 private:
  const Clock& wall_;
};

class DeviceSignInsTest : public UserFlowTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(UserFlowTest::SetUp());
    Offer({});
  }
  void Offer(const SignInPolicy& policy) {
    UsePolicy(policy);
    user_flow_.emplace(*store_, running_, *live_, *dispatcher_, *entry_);
    landing_->set_sign_in(policy, /*device_authorization=*/true);
    user_flow_->OfferProvider(provider_, [this](std::function<void()> work) {
      if (full_) return false;
      work_.push_back(std::move(work));
      return true;
    });
  }
  // What the threads would have done by now.
  void Work() {
    while (!work_.empty()) {
      const auto work = std::move(work_.front());
      work_.pop_front();
      work();
    }
  }
  void Pass(seconds time) {
    running_.steady += time;
    user_flow_->Tick();
    Work();
  }
  void Ask(const std::string& request_id = "r-1") {
    user_flow_->SignIn(device_,
                       {.request_id = request_id, .method = SignInAsk::StartDeviceAuthorization{}});
    Work();
  }
  void SignedInAs(const std::string& username) {
    provider_.poll = {SignInOutcome::kSignedIn,
                      {.issuer = "https://id.example", .subject = "s-1", .username = username}};
  }
  const SignInAnswer& Newest() const { return link_->answers.back(); }

  ScriptedProvider provider_;
  RunningClock running_{clock_};
  std::deque<std::function<void()>> work_;
  bool full_ = false;
};

TEST_F(DeviceSignInsTest, ShowsTheUsersCodeAndNeverTheDevices) {
  Ask();
  ASSERT_EQ(link_->answers.size(), 1U);
  const SignInAnswer& answer = Newest();
  EXPECT_EQ(answer.state, State::kPending);
  EXPECT_EQ(answer.user_code, "WDJB-MJHT");
  EXPECT_EQ(answer.verification_uri, "https://id.example/device");
  EXPECT_EQ(answer.expires_in, seconds(600));
  EXPECT_THAT(answer.verification_uri_complete, Not(HasSubstr(kDeviceCode)));
  EXPECT_THAT(answer.message, IsEmpty());
}

TEST_F(DeviceSignInsTest, TheAssignedUserBeginsTheUserFlow) {
  Ask();
  SignedInAs("Ada@example.com");
  Pass(seconds(5));
  EXPECT_EQ(Newest().state, State::kSignedIn) << Newest().message;
  EXPECT_EQ(Load(device_).state, DeviceState::kUserSetup);
  EXPECT_EQ(Load(device_).signed_in_user, "Ada@example.com");
}

TEST_F(DeviceSignInsTest, AnotherUserIsRefusedInPlainWords) {
  Ask();
  SignedInAs("bob@example.com");
  Pass(seconds(5));
  EXPECT_EQ(Newest().state, State::kRefused);
  EXPECT_EQ(Newest().message, SentenceOf(SignInRefusal::kOtherUser));
  EXPECT_EQ(Load(device_).state, DeviceState::kSealed);
}

TEST_F(DeviceSignInsTest, AnotherUserIsRefusedEvenWhereAnyUserMayTakeAFreeDevice) {
  Offer({.any_user = true});
  Ask();
  SignedInAs("bob@example.com");
  Pass(seconds(5));
  EXPECT_EQ(Newest().message, SentenceOf(SignInRefusal::kOtherUser));
}

TEST_F(DeviceSignInsTest, ADeviceNobodyIsAssignedToSendsNobodyToTheSignInPage) {
  Alter([](Device* device) { device->assigned_user.clear(); });
  Ask();
  EXPECT_EQ(Newest().message, SentenceOf(SignInRefusal::kNobodyAssigned));
  EXPECT_EQ(provider_.begun, 0);
  EXPECT_FALSE(Card().user_flow->device_authorization);
}

TEST_F(DeviceSignInsTest, WhoTakesAFreeDeviceIsAssignedToItWhereThePolicyAllowsIt) {
  Offer({.any_user = true});
  Alter([](Device* device) { device->assigned_user.clear(); });
  Ask();
  SignedInAs("bob@example.com");
  Pass(seconds(5));
  EXPECT_EQ(Newest().state, State::kSignedIn);
  EXPECT_EQ(Load(device_).assigned_user, "bob@example.com");
}

TEST_F(DeviceSignInsTest, TheProviderIsNotAskedBeforeTheInterval) {
  Ask();
  Pass(seconds(4));
  EXPECT_EQ(provider_.polled, 0);
  Pass(seconds(1));
  EXPECT_EQ(provider_.polled, 1);
}

TEST_F(DeviceSignInsTest, SlowDownAddsFiveSecondsForGood) {
  Ask();
  provider_.poll = {SignInOutcome::kSlowDown, {}};
  Pass(seconds(5));
  provider_.poll = {SignInOutcome::kPending, {}};
  Pass(seconds(9));
  EXPECT_EQ(provider_.polled, 1);
  Pass(seconds(1));
  EXPECT_EQ(provider_.polled, 2);
  Pass(seconds(9));
  EXPECT_EQ(provider_.polled, 2);
  Pass(seconds(1));
  EXPECT_EQ(provider_.polled, 3);
}

TEST_F(DeviceSignInsTest, ARefusalAtTheProviderIsTold) {
  Ask();
  provider_.poll = {SignInOutcome::kDenied, {}};
  Pass(seconds(5));
  EXPECT_EQ(Newest().message, SentenceOf(SignInRefusal::kDenied));
  Pass(seconds(60));
  EXPECT_EQ(provider_.polled, 1);
}

TEST_F(DeviceSignInsTest, ASignInThatTakesTooLongEnds) {
  Ask();
  Pass(seconds(595));
  Pass(seconds(5));
  EXPECT_EQ(Newest().state, State::kRefused);
  EXPECT_EQ(Newest().message, SentenceOf(SignInRefusal::kTooLate));
  const int polled = provider_.polled;
  Pass(seconds(60));
  EXPECT_EQ(provider_.polled, polled);
}

TEST_F(DeviceSignInsTest, AProviderThatIsAwayIsAskedAgainLessOften) {
  Ask();
  provider_.poll_status = Unavailable("no route");
  Pass(seconds(5));
  Pass(seconds(5));
  EXPECT_EQ(provider_.polled, 1);
  Pass(seconds(5));
  EXPECT_EQ(provider_.polled, 2);
  provider_.poll_status = OkStatus();
  SignedInAs("ada@example.com");
  Pass(seconds(20));
  EXPECT_EQ(Newest().state, State::kSignedIn);
}

TEST_F(DeviceSignInsTest, AProviderThatIsAwayAtTheBeginningIsSaid) {
  provider_.begin_status = Unavailable("no route to id.example");
  Ask();
  EXPECT_EQ(Newest().message, SentenceOf(SignInRefusal::kProviderAway));
}

TEST_F(DeviceSignInsTest, ATokenThatDoesNotVerifyEndsTheSignIn) {
  Ask();
  provider_.poll_status = FailedPrecondition("the ID token does not verify");
  Pass(seconds(5));
  EXPECT_EQ(Newest().message, SentenceOf(SignInRefusal::kProviderRefuses));
  EXPECT_EQ(Load(device_).state, DeviceState::kSealed);
}

TEST_F(DeviceSignInsTest, ARepeatedRequestGetsTheSameCodeWithTheTimeThatIsLeft) {
  Ask("r-1");
  running_.steady += seconds(100);
  Ask("r-1");
  EXPECT_EQ(provider_.begun, 1);
  EXPECT_EQ(Newest().user_code, "WDJB-MJHT");
  EXPECT_EQ(Newest().expires_in, seconds(500));
}

TEST_F(DeviceSignInsTest, ADeviceCannotMakeTheServerFloodTheProvider) {
  for (uint32_t i = 0; i < kSignInBeginBurst; ++i) Ask("r-" + std::to_string(i));
  EXPECT_EQ(provider_.begun, static_cast<int>(kSignInBeginBurst));
  Ask("one too many");
  EXPECT_EQ(Newest().message, SentenceOf(SignInRefusal::kTooSoon));
  EXPECT_EQ(provider_.begun, static_cast<int>(kSignInBeginBurst));
}

TEST_F(DeviceSignInsTest, AFullQueueIsSaidAndLeavesNothingBehind) {
  full_ = true;
  Ask("r-1");
  EXPECT_EQ(Newest().message, SentenceOf(SignInRefusal::kBusy));
  full_ = false;
  Ask("r-1");
  EXPECT_EQ(Newest().state, State::kPending);
}

TEST_F(DeviceSignInsTest, ThereIsRoomForSoManyAndNoMore) {
  std::vector<SignInAnswer> tell;
  DeviceSignIns sign_ins(
      provider_, running_, [](std::function<void()>) { return true; },
      [&](const DeviceId&, const SignInAnswer& answer) { tell.push_back(answer); },
      [](const DeviceId&, const std::string&, const SignedInUser&) {});
  for (int i = 0; i < kDeviceAuthorizationsMax; ++i) {
    sign_ins.Begin(DeviceId::FromNumber(2000 + static_cast<uint64_t>(i)), "r");
  }
  EXPECT_THAT(tell, IsEmpty());
  sign_ins.Begin(device_, "r");
  ASSERT_EQ(tell.size(), 1U);
  EXPECT_EQ(tell.front().message, SentenceOf(SignInRefusal::kBusy));
  EXPECT_EQ(sign_ins.size(), static_cast<size_t>(kDeviceAuthorizationsMax));
}

TEST_F(DeviceSignInsTest, WhoApprovedACodeThatIsNoLongerShownIsNotLetIn) {
  Ask("r-1");
  running_.steady += seconds(5);
  user_flow_->Tick();
  const auto old_poll = std::move(work_.front());
  work_.pop_front();
  Ask("r-2");
  SignedInAs("ada@example.com");
  old_poll();
  EXPECT_EQ(Load(device_).state, DeviceState::kSealed);
}

TEST_F(DeviceSignInsTest, ASealThatExpiresWhileTheUserSignsInIsRefused) {
  Ask();
  Alter([&](Device* device) { device->seal_time = clock_.Now() - std::chrono::hours(24) * 190; });
  SignedInAs("ada@example.com");
  Pass(seconds(5));
  EXPECT_THAT(Newest().message, HasSubstr("sealed 190 days ago"));
  EXPECT_EQ(Load(device_).state, DeviceState::kSealed);
}

TEST_F(DeviceSignInsTest, AfterAStopTheProviderIsAskedNoMore) {
  Ask();
  running_.steady += seconds(5);
  user_flow_->Tick();
  user_flow_->Stop();
  Work();
  EXPECT_EQ(provider_.polled, 0);
}

}  // namespace
}  // namespace preseal::server
