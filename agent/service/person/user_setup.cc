// SPDX-License-Identifier: Apache-2.0
#include "agent/service/person/user_setup.h"

#include <utility>

#include "agent/service/person/setup_questions.h"
#include "common/base/limits.h"
#include "common/log/log.h"

namespace preseal::agent {

StatusOr<std::unique_ptr<UserSetup>> UserSetup::Open(UserSetupPorts ports,
                                                     PreparedAnswers prepared) {
  ASSIGN_OR_RETURN(SetupMemory memory, ports.target.Load());
  return std::unique_ptr<UserSetup>(
      new UserSetup(std::move(ports), std::move(prepared), std::move(memory)));
}

UserSetup::UserSetup(UserSetupPorts ports, PreparedAnswers prepared, SetupMemory memory)
    : ports_(std::move(ports)), prepared_(std::move(prepared)), memory_(std::move(memory)) {
  facts_.language = memory_.language;
  facts_.keyboard = memory_.keyboard;
  facts_.licence_accepted = memory_.licence_accepted;
  facts_.privacy_seen = memory_.privacy_seen;
  if (!memory_.language.empty()) ports_.use_language(memory_.language);
  if (!memory_.username.empty()) ports_.use_username(memory_.username);
}

void UserSetup::Answered(const std::string& question_id, const std::string& answer) {
  const std::lock_guard lock(mutex_);
  const SetupPage page = NextPage(facts_);
  if (question_id.empty() || question_id != QuestionIdOf(page)) return;
  complaint_.clear();
  TakeAnswer(page, answer);
  Advance();
}

void UserSetup::Connected(const LandingCard& landing, Time /*now*/) {
  const std::lock_guard lock(mutex_);
  request_sent_ = false;
  // What was said of the network is not about the page that comes now.
  const SetupPage page = NextPage(facts_);
  if (page == SetupPage::kNetwork || page == SetupPage::kWirelessName ||
      page == SetupPage::kWirelessKey) {
    complaint_.clear();
  }
  TakeLanding(landing, /*anew=*/true);
  Advance();
}

void UserSetup::Lost() {
  const std::lock_guard lock(mutex_);
  request_sent_ = false;
  if (std::exchange(facts_.connect_failed, true)) return;
  Advance();
}

void UserSetup::Receive(const DownMessage& message, Time now) {
  const std::lock_guard lock(mutex_);
  if (const auto* state = std::get_if<SignInState>(&message)) {
    TakeState(*state, now);
  } else if (const auto* landing = std::get_if<LandingCard>(&message)) {
    TakeLanding(*landing, /*anew=*/false);
  } else {
    return;
  }
  Advance();
}

// Within one connection a card that was made before the sign-in cannot undo it.
void UserSetup::TakeLanding(const LandingCard& landing, bool anew) {
  assigned_user_ = landing.assigned_user;
  if (!landing.user_flow) return;
  const UserFlowCard& card = *landing.user_flow;
  facts_.offer =
      SetupOffer{card.out_of_box, card.mode, card.one_time_code, card.device_authorization};
  facts_.signed_in = card.signed_in || (facts_.signed_in && !anew);
  // Signed in before this agent was started.
  if (card.signed_in && memory_.username.empty()) ports_.use_username(assigned_user_);
  const SetupFacts before = facts_;
  TakePresets(&facts_);
  if (facts_.language != before.language) TakeLanguage(facts_.language);
  if (facts_.keyboard != before.keyboard) TakeKeyboard(facts_.keyboard);
}

void UserSetup::TakeState(const SignInState& state, Time now) {
  if (!request_ || state.request_id != request_->request_id) return;
  if (state.state == SignInState::State::kPending) {
    pending_ = state;
    return;
  }
  request_.reset();
  pending_.reset();
  facts_.request_open = false;
  facts_.code.clear();
  if (state.state == SignInState::State::kSignedIn) {
    facts_.signed_in = true;
    facts_.refused = false;
    memory_.username = state.username;
    Remember();
    ports_.use_username(state.username);
    log::Info("signed in", {{"user", state.username}});
    return;
  }
  log::Warning("sign-in refused", {{"message", state.message}});
  facts_.refused = true;
  facts_.username.clear();
  complaint_ = state.message;
  if (state.attempts_left > 0) {
    complaint_ += " Attempts left: " + std::to_string(state.attempts_left) + ".";
  }
  ports_.display.ShowNotice(complaint_);
  if (MethodOf(facts_) == SignInMethod::kFirstBoot) again_at_ = now + kFirstBootAgain;
}

void UserSetup::Advance() {
  while (true) {
    const SetupPage page = NextPage(facts_);
    const std::string id(QuestionIdOf(page));
    if (id.empty()) return ShowWaiting(page);
    const auto prepared = prepared_.find(id);
    if (prepared == prepared_.end()) return AskPage(page);
    const std::string answer = prepared->second;
    prepared_.erase(prepared);
    if (!TakeAnswer(page, answer)) return AskPage(page);
  }
}

void UserSetup::AskPage(SetupPage page) {
  Question question = QuestionOf(page, facts_, assigned_user_);
  question.complaint = complaint_;
  ports_.ask(question);
}

void UserSetup::ShowWaiting(SetupPage page) {
  if (page == SetupPage::kSend) {
    request_ = MakeRequest();
    request_sent_ = false;
    facts_.request_open = true;
    ports_.signal.Notify();
  }
  ports_.ask(pending_ ? std::optional(PendingQuestion(*pending_)) : std::nullopt);
  if (page == SetupPage::kWait) ports_.display.ShowActivity("Waiting for the server");
  if (page == SetupPage::kSend) ports_.display.ShowActivity("Signing in");
  if (page == SetupPage::kNoWay) {
    ports_.display.ShowActivity("Nobody can sign in yet: ask your administrator for a code");
  }
  if (page == SetupPage::kAgain) ports_.display.ShowActivity("Waiting to ask the server again");
  if (page == SetupPage::kDone) {
    ports_.display.ShowActivity("Waiting for the server to start setting up this device");
  }
}

bool UserSetup::TakeAnswer(SetupPage page, const std::string& answer) {
  switch (page) {
    case SetupPage::kLanguage:
      return TakeLanguage(answer);
    case SetupPage::kKeyboard:
      return TakeKeyboard(answer.empty() ? KeyboardOf(facts_.language) : answer);
    case SetupPage::kNetwork:
      facts_.wireless_chosen = answer == kWirelessAnswer;
      return answer == kWirelessAnswer || Refuse("Still trying.");
    case SetupPage::kWirelessName:
      if (answer.empty() || answer.size() > kWirelessNameBytesMax) {
        return Refuse("A network's name has 1 to 32 bytes.");
      }
      facts_.wireless_name = answer;
      return true;
    case SetupPage::kWirelessKey:
      return TakeWireless(answer);
    case SetupPage::kLicence:
      facts_.licence_accepted = answer == kAcceptAnswer;
      Remember();
      return facts_.licence_accepted || Refuse("The licence must be accepted.");
    case SetupPage::kPrivacy:
      facts_.privacy_seen = true;
      Remember();
      return true;
    case SetupPage::kMethod:
      if (answer != kCodeAnswer && answer != kSignInPageAnswer) return Refuse("Choose one.");
      facts_.method =
          answer == kCodeAnswer ? SignInMethod::kOneTimeCode : SignInMethod::kDeviceAuthorization;
      return true;
    case SetupPage::kUsername:
      facts_.username = answer.empty() ? assigned_user_ : answer;
      return !facts_.username.empty() || Refuse("Enter a user name.");
    case SetupPage::kCode:
      facts_.code = answer;
      return !answer.empty() || Refuse("Enter the code.");
    case SetupPage::kAgain:
      facts_.refused = false;
      facts_.method.reset();
      return true;
    case SetupPage::kWait:
    case SetupPage::kSend:
    case SetupPage::kSent:
    case SetupPage::kNoWay:
    case SetupPage::kDone:
      break;
  }
  return false;
}

bool UserSetup::TakeLanguage(std::string answer) {
  facts_.language.clear();
  if (!IsLanguage(answer)) return Refuse("Such as en-GB or de.");
  if (const Status set = ports_.target.SetLanguage(answer); !set.ok()) {
    return Refuse("Not applied: " + MessageOf(set));
  }
  facts_.language = std::move(answer);
  ports_.use_language(facts_.language);
  Remember();
  return true;
}

bool UserSetup::TakeKeyboard(std::string answer) {
  facts_.keyboard.clear();
  if (!IsKeyboard(answer)) return Refuse("Such as gb, us or de.");
  if (const Status set = ports_.target.SetKeyboard(answer); !set.ok()) {
    return Refuse("Not applied: " + MessageOf(set));
  }
  facts_.keyboard = std::move(answer);
  Remember();
  return true;
}

bool UserSetup::TakeWireless(const std::string& key) {
  const std::string name = std::exchange(facts_.wireless_name, "");
  facts_.wireless_chosen = false;
  const Status added = ports_.target.AddWireless(name, key);
  return Refuse(added.ok() ? "Connecting to " + name + "." : MessageOf(added));
}

bool UserSetup::Refuse(std::string complaint) {
  complaint_ = std::move(complaint);
  return false;
}

void UserSetup::Remember() {
  const SetupMemory now{facts_.language, facts_.keyboard, facts_.licence_accepted,
                        facts_.privacy_seen, memory_.username};
  memory_ = now;
  // Asked again after a restart, no worse.
  if (const Status saved = ports_.target.Save(now); !saved.ok()) {
    log::Warning("cannot remember the first pages", {{"error", ToString(saved)}});
  }
}

SignInRequest UserSetup::MakeRequest() {
  SignInRequest request;
  request.request_id = ports_.new_request_id();
  switch (*MethodOf(facts_)) {
    case SignInMethod::kOneTimeCode:
      request.method = OneTimeCode{facts_.username, facts_.code};
      break;
    case SignInMethod::kDeviceAuthorization:
      request.method = StartDeviceAuthorization{};
      break;
    case SignInMethod::kFirstBoot:
      request.method = FirstBootStart{};
      break;
  }
  request.answers = {facts_.language, facts_.keyboard, facts_.licence_accepted};
  return request;
}

std::vector<UpMessage> UserSetup::Due(Time now) {
  const std::lock_guard lock(mutex_);
  if (again_at_ <= now) {
    again_at_ = Time::max();
    facts_.refused = false;
    Advance();
  }
  if (!request_ || request_sent_) return {};
  request_sent_ = true;
  return {*request_};
}

SessionGuest::Time UserSetup::NextDue() const {
  const std::lock_guard lock(mutex_);
  return again_at_;
}

}  // namespace preseal::agent
