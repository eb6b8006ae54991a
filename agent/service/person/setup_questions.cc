// SPDX-License-Identifier: Apache-2.0
#include "agent/service/person/setup_questions.h"

namespace preseal::agent {
namespace {

Question Make(SetupPage page, std::string title, std::string text) {
  Question question;
  question.id = std::string(QuestionIdOf(page));
  question.title = std::move(title);
  question.text["en"] = std::move(text);
  return question;
}

Question LanguageQuestion() {
  Question question = Make(SetupPage::kLanguage, "Language", "Choose, or type another one: \"sv\"");
  question.choices.assign(kLanguages.begin(), kLanguages.end());
  return question;
}

Question NetworkQuestion(SetupPage page, const SetupFacts& facts) {
  Question question = Make(page, "Network", "");
  if (page == SetupPage::kNetwork) {
    question.text["en"] =
        "The server cannot be reached. Plug in a cable, or choose a wireless network. It is tried "
        "all the time.";
    question.choices = {kTryAgainAnswer, kWirelessAnswer};
  } else if (page == SetupPage::kWirelessName) {
    question.text["en"] = "Name of the wireless network";
  } else {
    question.text["en"] = "Password of " + facts.wireless_name + "; empty if it has none";
    question.secret = true;
  }
  return question;
}

Question SignInQuestion(SetupPage page, const SetupFacts& facts, const std::string& assigned_user) {
  Question question = Make(page, "Sign in", "");
  if (page == SetupPage::kMethod) {
    question.text["en"] = "How do you sign in?";
    question.choices = {kSignInPageAnswer, kCodeAnswer};
  } else if (page == SetupPage::kUsername) {
    question.text["en"] = "User name";
    question.suggestion = assigned_user;
  } else {
    question.text["en"] = "One-time code for " + facts.username;
    question.secret = true;
  }
  return question;
}

Question ReadingQuestion(SetupPage page, const SetupFacts& facts) {
  const bool licence = page == SetupPage::kLicence;
  const OutOfBox& pages = facts.offer->out_of_box;
  Question question = Make(page, licence ? "Licence" : "Privacy",
                           licence ? pages.licence_text : pages.privacy_text);
  question.choices = {licence ? kAcceptAnswer : kNextAnswer};
  return question;
}

}  // namespace

std::string_view QuestionIdOf(SetupPage page) {
  switch (page) {
    case SetupPage::kLanguage:
      return "language";
    case SetupPage::kKeyboard:
      return "keyboard";
    case SetupPage::kNetwork:
      return "network";
    case SetupPage::kWirelessName:
      return "wireless-name";
    case SetupPage::kWirelessKey:
      return "wireless-key";
    case SetupPage::kLicence:
      return "licence";
    case SetupPage::kPrivacy:
      return "privacy";
    case SetupPage::kMethod:
      return "sign-in";
    case SetupPage::kUsername:
      return "username";
    case SetupPage::kCode:
      return "code";
    case SetupPage::kAgain:
      return "again";
    case SetupPage::kWait:
    case SetupPage::kSend:
    case SetupPage::kSent:
    case SetupPage::kNoWay:
    case SetupPage::kDone:
      return "";
  }
  return "";
}

Question QuestionOf(SetupPage page, const SetupFacts& facts, const std::string& assigned_user) {
  switch (page) {
    case SetupPage::kLanguage:
      return LanguageQuestion();
    case SetupPage::kKeyboard: {
      Question question = Make(page, "Keyboard", "Layout, such as \"gb\", \"us\" or \"de\"");
      question.suggestion = KeyboardOf(facts.language);
      return question;
    }
    case SetupPage::kNetwork:
    case SetupPage::kWirelessName:
    case SetupPage::kWirelessKey:
      return NetworkQuestion(page, facts);
    case SetupPage::kLicence:
    case SetupPage::kPrivacy:
      return ReadingQuestion(page, facts);
    case SetupPage::kMethod:
    case SetupPage::kUsername:
    case SetupPage::kCode:
      return SignInQuestion(page, facts, assigned_user);
    case SetupPage::kAgain:
    case SetupPage::kWait:
    case SetupPage::kSend:
    case SetupPage::kSent:
    case SetupPage::kNoWay:
    case SetupPage::kDone:
      break;
  }
  Question question = Make(page, "Sign in", "You are not signed in.");
  question.choices = {kTryAgainAnswer};
  return question;
}

Question PendingQuestion(const SignInState& state) {
  Question question;
  question.id = "authorize";
  question.title = "Sign in on another device";
  question.text["en"] = "Open " + state.verification_uri + " and enter the code " +
                        state.user_code + ". This screen goes on by itself.";
  question.qr_text = state.verification_uri_complete.empty() ? state.verification_uri
                                                             : state.verification_uri_complete;
  return question;
}

}  // namespace preseal::agent
