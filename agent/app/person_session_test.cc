// SPDX-License-Identifier: Apache-2.0
// The guests of the session over real mTLS: tokens, buttons, the card that changes, and the first
// boot of the user flow up to its run.
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "agent/adapters/grpc/session_client.h"
#include "agent/adapters/steps/out_of_box_files.h"
#include "agent/app/run_fixture.h"
#include "agent/app/session_test_server.h"
#include "agent/service/person/person_desk.h"
#include "agent/service/person/user_flow_end.h"
#include "agent/service/person/user_setup.h"
#include "agent/service/run/token_keeper.h"
#include "agent/service/session/session.h"

namespace preseal::agent {
namespace {

// What was shown, for looking at from the test's thread.
class Seen final : public StatusDisplay {
 public:
  void ShowActivity(std::string_view) override {}
  void ShowConnection(bool, std::string_view) override {}
  void ShowLanding(const LandingCard& card) override { *landing.Lock() = card; }
  void ShowItems(std::span<const Item>, std::chrono::seconds) override {}
  void ShowLog(std::string_view, std::string_view) override {}
  void ShowResult(const ResultCard&) override {}
  void ShowQuestion(const std::optional<Question>& shown) override {
    *question.Lock() = shown ? shown->id : "";
  }
  void ShowNotice(std::string_view text) override { *notice.Lock() = text; }
  Guarded<LandingCard> landing;
  Guarded<std::string> question;
  Guarded<std::string> notice;
};

class PersonSessionTest : public testing::Test {
 protected:
  PersonSessionTest() {
    pki_ = *test::TestPki::Create();
    server_ = std::make_unique<SessionTestServer>(*pki_, store_);
    server_->on_message = [this](const dv1::AgentMessage& message) { return Answer(message); };
    store_.landing.set_profile("kiosk");
    server_->Start();
    pages_ = std::make_unique<steps::OutOfBoxFiles>(*bench_->target, dir_.File("setup.json"));
    person_ = std::make_unique<PersonDesk>(
        PersonDeskPorts{display_, bench_->signal, [this] { return bench_->desk->OpenPrompts(); },
                        [this](const std::string& id, const std::string& answer) {
                          return bench_->desk->AnswerPrompt(id, answer);
                        },
                        [this] { return "request-" + std::to_string(++ids_); },
                        [this](const std::string& id, const std::string& answer) {
                          if (setup_) setup_->Answered(id, answer);
                        }});
  }
  ~PersonSessionTest() override {
    agent_.request_stop();
    if (agent_.joinable()) agent_.join();
  }

  void OpenSetup(PreparedAnswers prepared) {
    auto opened = UserSetup::Open(
        {*pages_, display_, bench_->signal,
         [this](const std::optional<Question>& question) { person_->Ask(question); },
         [this] { return "request-" + std::to_string(++ids_); }, [](const std::string&) {},
         [this](const std::string& username) { *username_.Lock() = username; }},
        std::move(prepared));
    ASSERT_THAT(opened, test::IsOk());
    setup_ = *std::move(opened);
  }
  void StartAgent(Flow flow) {
    auto key = crypto::PrivateKey::GenerateP256();
    channel_ = std::make_unique<DeviceChannel>(DeviceChannelOptions{
        server_->endpoint(), pki_->ca().pem(), "",
        pki_->IssueDevice("D-1", key->public_key())->ToPem(), ToString(key->ToPem()->Reveal())});
    agent_ = std::jthread([this, flow](std::stop_token stop) {
      SessionClient dialer(*channel_);
      SessionTiming timing;
      timing.reconnect_first = std::chrono::milliseconds(10);
      timing.reconnect_longest = std::chrono::milliseconds(100);
      std::vector<SessionGuest*> guests = {&tokens_, person_.get()};
      if (setup_) guests.push_back(setup_.get());
      Session session(
          {dialer, *bench_->desk, display_, bench_->clock, bench_->signal, [] { return 0.5; },
           nullptr, guests, [this] { return UserFlowDone(*bench_->desk, bench_->codec); }},
          timing, flow);
      end_ = session.Run(stop);
      ended_ = true;
    });
  }

  // The server's part, on the stream's thread.
  std::vector<dv1::ServerMessage> Answer(const dv1::AgentMessage& message) {
    const std::lock_guard lock(store_.mutex);
    std::vector<dv1::ServerMessage> answers(1);
    if (message.has_token_request()) {
      ++token_requests_;
      auto& state = *answers[0].mutable_token();
      state.set_token(message.token_request().token());
      state.set_item_id(message.token_request().item_id());
      state.set_granted(true);
      state.mutable_lease()->set_seconds(80);
      return answers;
    }
    if (message.has_token_release()) ++token_releases_;
    if (message.has_action()) {
      auto& result = *answers[0].mutable_action();
      result.set_request_id(message.action().request_id());
      result.set_accepted(true);
      result.set_message("here is the card");
      answers.emplace_back();
      *answers[1].mutable_landing() = store_.landing;
      answers[1].mutable_landing()->set_profile("kiosk, second version");
      return answers;
    }
    if (message.has_sign_in()) return SignIn(message.sign_in());
    return {};
  }
  std::vector<dv1::ServerMessage> SignIn(const dv1::SignInRequest& request) {
    std::vector<dv1::ServerMessage> answers(1);
    sign_in_ = request;
    auto& state = *answers[0].mutable_sign_in();
    state.set_request_id(request.request_id());
    state.set_username("alice");
    const bool right = request.has_first_boot() || request.code().code() == "AAAA-BBBB-CCCC";
    state.set_state(right ? dv1::SignInState::STATE_SIGNED_IN : dv1::SignInState::STATE_REFUSED);
    if (!right) return answers;
    answers.emplace_back();
    *answers[1].mutable_command() = run_;
    return answers;
  }
  // A run of the user flow, as the server orders it after the sign-in.
  void PrepareRun(const std::string& apply) {
    PlanBuilder plan;
    plan.AddScript("one", apply, "test -e one");
    run_.set_command_id(kCommandA);
    run_.mutable_start_run()->set_run_id("D-1.2");
    run_.mutable_start_run()->set_attempt(2);
    auto* out = run_.mutable_start_run()->mutable_plan();
    out->ParseFromString(ToString(ByteView(plan.Encode())));
    out->set_flow(progress::v1::FLOW_USER);
  }
  void OfferUserFlow() {
    auto& card = *store_.landing.mutable_user_flow();
    card.set_mode(plan::v1::MODE_USER_DRIVEN);
    card.set_one_time_code(true);
  }
  template <typename Condition>
  bool OnServer(Condition condition) {
    return BecomesTrue([&] {
      const std::lock_guard lock(store_.mutex);
      return condition();
    });
  }

  test::TempDir dir_;
  std::unique_ptr<test::TestPki> pki_;
  DeviceStore store_;
  int token_requests_ = 0, token_releases_ = 0;  // guarded by the store's mutex
  dv1::SignInRequest sign_in_;                   // likewise
  dv1::Command run_;
  std::atomic<int> ids_ = 0;
  Seen display_;
  Guarded<std::string> username_;
  std::unique_ptr<SessionTestServer> server_;
  std::unique_ptr<Workbench> bench_ = std::make_unique<Workbench>(dir_.path());
  TokenKeeper tokens_{bench_->clock, bench_->signal};
  std::unique_ptr<steps::OutOfBoxFiles> pages_;
  std::unique_ptr<PersonDesk> person_;
  std::unique_ptr<UserSetup> setup_;
  std::unique_ptr<DeviceChannel> channel_;
  std::jthread agent_;
  SessionEnd end_ = SessionEnd::kStopped;
  std::atomic<bool> ended_ = false;
};

TEST_F(PersonSessionTest, SaysWhichFlowItIs) {
  StartAgent(Flow::kUser);
  ASSERT_TRUE(OnServer([&] { return store_.hellos > 0; }));
  EXPECT_EQ(store_.last_hello.flow(), progress::v1::FLOW_USER);
}

TEST_F(PersonSessionTest, ATokenIsAskedForAgainAfterTheServerWasGone) {
  tokens_.Want("download", "office");
  StartAgent(Flow::kTechnician);
  ASSERT_TRUE(BecomesTrue([&] { return tokens_.Look("download", "office").granted; }));
  server_->Restart();
  ASSERT_TRUE(OnServer([&] { return token_requests_ == 2; }));
  ASSERT_TRUE(BecomesTrue([&] { return tokens_.Look("download", "office").granted; }));
  tokens_.Release("download", "office");
  EXPECT_TRUE(OnServer([&] { return token_releases_ == 1; }));
}

TEST_F(PersonSessionTest, AButtonReachesTheServerAndItsAnswerAndTheNewCardTheScreen) {
  store_.landing.add_actions(dv1::ActionRequest::ACTION_REFRESH);
  StartAgent(Flow::kTechnician);
  ASSERT_TRUE(BecomesTrue([&] { return display_.landing.Lock()->profile == "kiosk"; }));
  // The desk hears of the card right after the screen.
  ASSERT_TRUE(BecomesTrue([&] {
    person_->Pressed(DeviceAction::kRefresh);
    return *display_.notice.Lock() != "Refresh is not possible now.";
  }));
  EXPECT_TRUE(
      BecomesTrue([&] { return *display_.notice.Lock() == "Refresh accepted: here is the card"; }));
  EXPECT_TRUE(
      BecomesTrue([&] { return display_.landing.Lock()->profile == "kiosk, second version"; }));
}

TEST_F(PersonSessionTest, SignsInRunsAndEndsInService) {
  OfferUserFlow();
  PrepareRun("echo done > one");
  OpenSetup({{"language", "de-DE"},
             {"keyboard", "de"},
             {"username", "alice"},
             {"code", "AAAA-BBBB-CCCC"}});
  StartAgent(Flow::kUser);
  ASSERT_TRUE(BecomesTrue([&] { return ended_.load(); }));
  EXPECT_EQ(end_, SessionEnd::kInService);
  EXPECT_EQ(*username_.Lock(), "alice");
  EXPECT_EQ(sign_in_.answers().language(), "de-DE");
  EXPECT_EQ(ReadText(dir_.File("target/one")), "done\n");
  EXPECT_EQ(ReadText(dir_.File("target/etc/default/locale")), "LANG=de_DE.UTF-8\n");
  EXPECT_TRUE(store_.Has("D-1.2", [](const auto& event) { return event.has_run_finished(); }));
}

TEST_F(PersonSessionTest, AWrongCodeIsAskedForAgainAtTheDevice) {
  OfferUserFlow();
  PrepareRun("echo done > one");
  OpenSetup({{"language", "en-GB"}, {"keyboard", "gb"}, {"username", "alice"}, {"code", "wrong"}});
  StartAgent(Flow::kUser);
  ASSERT_TRUE(BecomesTrue([&] { return *display_.question.Lock() == "username"; }));
  EXPECT_FALSE(ended_);
  person_->Answered("username", "alice");
  ASSERT_TRUE(BecomesTrue([&] { return *display_.question.Lock() == "code"; }));
  person_->Answered("code", "AAAA-BBBB-CCCC");
  ASSERT_TRUE(BecomesTrue([&] { return ended_.load(); }));
  EXPECT_EQ(end_, SessionEnd::kInService);
}

TEST_F(PersonSessionTest, ASelfDeployingDeviceStartsWithoutAnybody) {
  OfferUserFlow();
  store_.landing.mutable_user_flow()->set_mode(plan::v1::MODE_SELF_DEPLOYING);
  PrepareRun("echo done > one");
  OpenSetup({});
  StartAgent(Flow::kUser);
  ASSERT_TRUE(BecomesTrue([&] { return ended_.load(); }));
  EXPECT_EQ(end_, SessionEnd::kInService);
  EXPECT_TRUE(sign_in_.has_first_boot());
  EXPECT_EQ(*display_.question.Lock(), "");
}

TEST_F(PersonSessionTest, AFailedUserFlowKeepsTheDevice) {
  OfferUserFlow();
  PrepareRun("exit 9");
  OpenSetup({{"language", "en-GB"},
             {"keyboard", "gb"},
             {"username", "alice"},
             {"code", "AAAA-BBBB-CCCC"}});
  StartAgent(Flow::kUser);
  ASSERT_TRUE(BecomesTrue([&] {
    return store_.Has("D-1.2", [](const auto& event) { return event.has_run_finished(); });
  }));
  ASSERT_TRUE(BecomesTrue([&] {
    const auto log = bench_->LogOf("D-1.2");
    return log->AckedWhole();
  }));
  EXPECT_FALSE(UserFlowDone(*bench_->desk, bench_->codec));
  EXPECT_FALSE(ended_);
}

TEST_F(PersonSessionTest, ARestartEndsTheSessionOnceTheServerKnowsOfIt) {
  PrepareRun("echo done > one; exit 41");
  auto& step = *run_.mutable_start_run()->mutable_plan()->mutable_steps(0);
  auto& rule = *step.add_exit_codes();
  rule.set_code(41);
  rule.set_result(plan::v1::ExitCodeRule::RESULT_REBOOT_NOW);
  step.set_reboots_max(1);
  run_.mutable_start_run()->mutable_plan()->set_reboots_max(2);
  {
    const std::lock_guard lock(store_.mutex);
    store_.open_commands.push_back(run_);
  }
  StartAgent(Flow::kTechnician);
  ASSERT_TRUE(BecomesTrue([&] { return ended_.load(); }));
  EXPECT_EQ(end_, SessionEnd::kRestart);
  // Known to the server before it goes down.
  EXPECT_TRUE(store_.Has("D-1.2", [](const auto& event) { return event.has_run_interrupted(); }));
}

}  // namespace
}  // namespace preseal::agent
