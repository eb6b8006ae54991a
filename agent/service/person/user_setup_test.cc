// SPDX-License-Identifier: Apache-2.0
#include "agent/service/person/user_setup.h"

#include <gtest/gtest.h>

#include "agent/service/person/setup_questions.h"
#include "common/base/limits.h"
#include "tests/support/status_matchers.h"

namespace preseal::agent {
namespace {

using Time = SessionGuest::Time;

class NoScreen final : public StatusDisplay {
 public:
  void ShowActivity(std::string_view text) override { activity = text; }
  void ShowConnection(bool, std::string_view) override {}
  void ShowLanding(const LandingCard&) override {}
  void ShowItems(std::span<const Item>, std::chrono::seconds) override {}
  void ShowLog(std::string_view, std::string_view) override {}
  void ShowResult(const ResultCard&) override {}
  std::string activity;
};

// A system in memory; the files are the adapter's business.
class MemoryTarget final : public OutOfBoxTarget {
 public:
  StatusOr<SetupMemory> Load() override { return memory; }
  Status Save(const SetupMemory& now) override {
    memory = now;
    return OkStatus();
  }
  Status SetLanguage(const std::string& text) override {
    if (!failure.ok()) return failure;
    language = text;
    return OkStatus();
  }
  Status SetKeyboard(const std::string& text) override {
    keyboard = text;
    return OkStatus();
  }
  Status AddWireless(const std::string& name, const std::string& key) override {
    wireless = name + "/" + key;
    return OkStatus();
  }
  SetupMemory memory;
  std::string language, keyboard, wireless;
  Status failure;
};

class UserSetupTest : public testing::Test {
 protected:
  UserSetupTest() {
    landing_.assigned_user = "alice";
    landing_.user_flow = UserFlowCard{};
    landing_.user_flow->one_time_code = true;
  }
  void Open(PreparedAnswers prepared = {}) {
    auto opened =
        UserSetup::Open({target_, screen_, signal_,
                         [this](const std::optional<Question>& question) { question_ = question; },
                         [this] { return "r-" + std::to_string(++ids_); },
                         [this](const std::string& language) { language_ = language; },
                         [this](const std::string& username) { username_ = username; }},
                        std::move(prepared));
    ASSERT_THAT(opened, test::IsOk());
    setup_ = *std::move(opened);
  }
  std::string Asked() const { return question_ ? question_->id : ""; }
  std::optional<SignInRequest> Due() {
    const auto due = setup_->Due(now_);
    if (due.empty()) return std::nullopt;
    return std::get<SignInRequest>(due.at(0));
  }
  void ConnectAndAnswerPages() {
    setup_->Connected(landing_, now_);
    setup_->Answered("language", "de-DE");
    setup_->Answered("keyboard", "");
  }
  void SayState(const std::string& id, SignInState::State state, const std::string& message = "") {
    SignInState said;
    said.request_id = id;
    said.state = state;
    said.message = message;
    said.username = "alice@example.com";
    said.attempts_left = 4;
    setup_->Receive(said, now_);
  }

  Time now_{std::chrono::hours(1)};
  NoScreen screen_;
  ChangeSignal signal_;
  MemoryTarget target_;
  LandingCard landing_;
  std::optional<Question> question_;
  int ids_ = 0;
  std::string language_, username_;
  std::unique_ptr<UserSetup> setup_;
};

TEST_F(UserSetupTest, AsksAppliesAndSignsInWithACode) {
  Open();
  setup_->Connected(landing_, now_);
  EXPECT_EQ(Asked(), "language");
  setup_->Answered("language", "de-DE");
  EXPECT_EQ(target_.language, "de-DE");
  EXPECT_EQ(language_, "de-DE");
  EXPECT_EQ(Asked(), "keyboard");
  EXPECT_EQ(question_->suggestion, "de");
  setup_->Answered("keyboard", "");
  EXPECT_EQ(target_.keyboard, "de");
  EXPECT_EQ(Asked(), "username");
  EXPECT_EQ(question_->suggestion, "alice");
  setup_->Answered("username", "");
  EXPECT_EQ(Asked(), "code");
  EXPECT_TRUE(question_->secret);
  EXPECT_FALSE(Due());
  setup_->Answered("code", "AAAA-BBBB-CCCC");
  const auto request = Due();
  ASSERT_TRUE(request);
  EXPECT_EQ(std::get<OneTimeCode>(request->method).username, "alice");
  EXPECT_EQ(std::get<OneTimeCode>(request->method).code, "AAAA-BBBB-CCCC");
  EXPECT_EQ(request->answers.language, "de-DE");
  SayState(request->request_id, SignInState::State::kSignedIn);
  EXPECT_EQ(Asked(), "");
  EXPECT_EQ(username_, "alice@example.com");
  EXPECT_FALSE(Due());
}

TEST_F(UserSetupTest, ARefusedCodeIsAskedForAgainWithTheAttemptsLeft) {
  Open();
  ConnectAndAnswerPages();
  setup_->Answered("username", "alice");
  setup_->Answered("code", "wrong");
  const auto first = Due();
  SayState(first->request_id, SignInState::State::kRefused, "The code is wrong.");
  EXPECT_EQ(Asked(), "username");
  EXPECT_EQ(question_->complaint, "The code is wrong. Attempts left: 4.");
  setup_->Answered("username", "alice");
  setup_->Answered("code", "right");
  EXPECT_NE(Due()->request_id, first->request_id);
}

TEST_F(UserSetupTest, RepeatsARequestUnderItsIdAfterALostConnection) {
  Open();
  ConnectAndAnswerPages();
  setup_->Answered("username", "alice");
  setup_->Answered("code", "x");
  const auto first = Due();
  EXPECT_FALSE(Due());
  setup_->Lost();
  setup_->Connected(landing_, now_);
  EXPECT_EQ(Due()->request_id, first->request_id);
}

TEST_F(UserSetupTest, ShowsWhereToAuthoriseTheDeviceAndGoesOnByItself) {
  landing_.user_flow->one_time_code = false;
  landing_.user_flow->device_authorization = true;
  Open();
  ConnectAndAnswerPages();
  const auto request = Due();
  ASSERT_TRUE(request && std::holds_alternative<StartDeviceAuthorization>(request->method));
  SignInState pending;
  pending.request_id = request->request_id;
  pending.state = SignInState::State::kPending;
  pending.user_code = "WDJB-MJHT";
  pending.verification_uri = "https://id.example.com/device";
  setup_->Receive(pending, now_);
  EXPECT_EQ(Asked(), "authorize");
  EXPECT_NE(question_->text["en"].find("WDJB-MJHT"), std::string::npos);
  EXPECT_EQ(question_->qr_text, "https://id.example.com/device");
  SayState(request->request_id, SignInState::State::kRefused, "Denied.");
  EXPECT_EQ(Asked(), "again");
  EXPECT_FALSE(Due());  // not in a circle
  setup_->Answered("again", "");
  EXPECT_TRUE(Due());
}

TEST_F(UserSetupTest, ASelfDeployingDeviceAsksNobodyAndTriesAgainByItself) {
  landing_.user_flow->mode = Mode::kSelfDeploying;
  landing_.user_flow->out_of_box.language = "en-GB";
  Open();
  setup_->Connected(landing_, now_);
  EXPECT_EQ(Asked(), "");
  EXPECT_EQ(target_.language, "en-GB");
  const auto request = Due();
  ASSERT_TRUE(request && std::holds_alternative<FirstBootStart>(request->method));
  SayState(request->request_id, SignInState::State::kRefused, "not sealed");
  EXPECT_FALSE(Due());
  EXPECT_EQ(setup_->NextDue(), now_ + kFirstBootAgain);
  now_ += kFirstBootAgain;
  EXPECT_TRUE(Due());
}

TEST_F(UserSetupTest, PreparedAnswersAreTakenOnceInsteadOfAsking) {
  Open({{"language", "fr-FR"}, {"keyboard", "fr"}, {"username", "bob"}, {"code", "used"}});
  setup_->Connected(landing_, now_);
  const auto request = Due();
  ASSERT_TRUE(request);
  EXPECT_EQ(std::get<OneTimeCode>(request->method).username, "bob");
  SayState(request->request_id, SignInState::State::kRefused, "The code is used up.");
  EXPECT_EQ(Asked(), "username");
  EXPECT_FALSE(Due());
}

TEST_F(UserSetupTest, WhatWasAnsweredSurvivesARestartButNotTheCode) {
  Open();
  ConnectAndAnswerPages();
  setup_->Answered("username", "alice");
  setup_->Answered("code", "secret");
  Open();
  setup_->Connected(landing_, now_);
  EXPECT_EQ(Asked(), "username");
  EXPECT_EQ(target_.memory.language, "de-DE");
  EXPECT_FALSE(Due());
}

TEST_F(UserSetupTest, WhoIsSignedInIsNotAskedAgainAfterARestart) {
  target_.memory = {"en-GB", "gb", false, false, "alice@example.com"};
  landing_.user_flow->signed_in = true;
  Open();
  EXPECT_EQ(username_, "alice@example.com");
  setup_->Connected(landing_, now_);
  EXPECT_EQ(Asked(), "");
  EXPECT_FALSE(Due());
}

TEST_F(UserSetupTest, TheLicenceMustBeAccepted) {
  landing_.user_flow->out_of_box.licence_text = "Be good.";
  Open();
  ConnectAndAnswerPages();
  EXPECT_EQ(Asked(), "licence");
  setup_->Answered("licence", "no");
  EXPECT_EQ(Asked(), "licence");
  setup_->Answered("licence", kAcceptAnswer);
  EXPECT_EQ(Asked(), "username");
}

TEST_F(UserSetupTest, OffersAWirelessNetworkWhenTheServerCannotBeReached) {
  Open();
  setup_->Lost();
  setup_->Answered("language", "en-GB");
  setup_->Answered("keyboard", "gb");
  EXPECT_EQ(Asked(), "network");
  setup_->Answered("network", kWirelessAnswer);
  EXPECT_EQ(Asked(), "wireless-name");
  setup_->Answered("wireless-name", "office");
  EXPECT_TRUE(question_->secret);
  setup_->Answered("wireless-key", "12345678");
  EXPECT_EQ(target_.wireless, "office/12345678");
  EXPECT_EQ(Asked(), "network");
  setup_->Connected(landing_, now_);
  EXPECT_EQ(Asked(), "username");
}

TEST_F(UserSetupTest, WhatWasSaidOfTheNetworkIsNotSaidOfTheNextPage) {
  Open();
  setup_->Lost();
  setup_->Answered("language", "en-GB");
  setup_->Answered("keyboard", "gb");
  setup_->Answered("network", kTryAgainAnswer);
  EXPECT_EQ(question_->complaint, "Still trying.");
  setup_->Connected(landing_, now_);
  EXPECT_EQ(Asked(), "username");
  EXPECT_EQ(question_->complaint, "");
}

TEST_F(UserSetupTest, AComplaintStaysOnItsPageWhenTheServerIsReached) {
  Open();
  setup_->Lost();
  setup_->Answered("language", "english");
  setup_->Connected(landing_, now_);
  EXPECT_EQ(Asked(), "language");
  EXPECT_EQ(question_->complaint, "Such as en-GB or de.");
}

TEST_F(UserSetupTest, AnAnswerThatCannotBeAppliedIsAskedForAgain) {
  target_.failure = ResourceExhausted("disk full");
  Open();
  setup_->Connected(landing_, now_);
  setup_->Answered("language", "en-GB");
  EXPECT_EQ(Asked(), "language");
  EXPECT_EQ(question_->complaint, "Not applied: disk full");
  target_.failure = OkStatus();
  setup_->Answered("language", "english");
  EXPECT_EQ(Asked(), "language");
}

TEST_F(UserSetupTest, DropsAnAnswerToAQuestionThatIsNotAsked) {
  Open();
  setup_->Connected(landing_, now_);
  setup_->Answered("code", "x");
  setup_->Answered("", "x");
  EXPECT_EQ(Asked(), "language");
}

}  // namespace
}  // namespace preseal::agent
