// SPDX-License-Identifier: Apache-2.0
#include "agent/domain/out_of_box.h"

#include <algorithm>
#include <cctype>

namespace preseal::agent {
namespace {

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }

std::string_view BaseOf(std::string_view language) {
  return language.substr(0, language.find('-'));
}

// Empty without one.
std::string_view RegionOf(std::string_view language) {
  const size_t dash = language.find('-');
  return dash == std::string_view::npos ? std::string_view() : language.substr(dash + 1);
}

std::string Lowered(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

SetupPage NetworkPage(const SetupFacts& facts) {
  if (!facts.wireless_chosen) return SetupPage::kNetwork;
  return facts.wireless_name.empty() ? SetupPage::kWirelessName : SetupPage::kWirelessKey;
}

SetupPage SignInPage(const SetupFacts& facts) {
  if (facts.request_open) return SetupPage::kSent;
  const auto method = MethodOf(facts);
  if (!method) {
    const bool choice = facts.offer->one_time_code && facts.offer->device_authorization;
    return choice ? SetupPage::kMethod : SetupPage::kNoWay;
  }
  if (method == SignInMethod::kOneTimeCode) {
    if (facts.username.empty()) return SetupPage::kUsername;
    return facts.code.empty() ? SetupPage::kCode : SetupPage::kSend;
  }
  return facts.refused ? SetupPage::kAgain : SetupPage::kSend;
}

}  // namespace

SetupPage NextPage(const SetupFacts& facts) {
  if (facts.signed_in) return SetupPage::kDone;
  // Nobody stands in front of a self-deploying device.
  if (facts.offer && facts.offer->mode == Mode::kSelfDeploying) return SignInPage(facts);
  // What the organisation has decided must not be asked: it is known once the server was reached.
  if (!facts.offer && !facts.connect_failed) return SetupPage::kWait;
  if (facts.language.empty()) return SetupPage::kLanguage;
  if (facts.keyboard.empty()) return SetupPage::kKeyboard;
  if (!facts.offer) return NetworkPage(facts);
  const OutOfBox& pages = facts.offer->out_of_box;
  if (!pages.hide_licence && !pages.licence_text.empty() && !facts.licence_accepted) {
    return SetupPage::kLicence;
  }
  if (!pages.hide_privacy && !pages.privacy_text.empty() && !facts.privacy_seen) {
    return SetupPage::kPrivacy;
  }
  return SignInPage(facts);
}

void TakePresets(SetupFacts* facts) {
  if (!facts->offer) return;
  const OutOfBox& preset = facts->offer->out_of_box;
  if (facts->language.empty()) facts->language = preset.language;
  if (!facts->keyboard.empty()) return;
  facts->keyboard = preset.keyboard;
  if (facts->keyboard.empty() && preset.skip_keyboard && !facts->language.empty()) {
    facts->keyboard = KeyboardOf(facts->language);
  }
}

std::optional<SignInMethod> MethodOf(const SetupFacts& facts) {
  if (!facts.offer) return std::nullopt;
  if (facts.offer->mode == Mode::kSelfDeploying) return SignInMethod::kFirstBoot;
  const bool code = facts.offer->one_time_code;
  const bool authorization = facts.offer->device_authorization;
  if (code && authorization) return facts.method;
  if (code) return SignInMethod::kOneTimeCode;
  if (authorization) return SignInMethod::kDeviceAuthorization;
  return std::nullopt;
}

bool IsLanguage(std::string_view text) {
  const std::string_view base = BaseOf(text);
  if (base.size() < 2 || base.size() > 3 || !std::all_of(base.begin(), base.end(), IsLower)) {
    return false;
  }
  if (base.size() == text.size()) return true;
  const std::string_view region = RegionOf(text);
  return region.size() == 2 && std::all_of(region.begin(), region.end(), IsUpper);
}

bool IsKeyboard(std::string_view text) {
  return text.size() >= 2 && text.size() <= 16 && std::all_of(text.begin(), text.end(), [](char c) {
           return IsLower(c) || (c >= '0' && c <= '9') || c == '_';
         });
}

std::string LocaleOf(std::string_view language) {
  const std::string base(BaseOf(language));
  std::string region(RegionOf(language));
  if (region.empty() && base == "en") region = "US";
  if (region.empty()) {
    for (const char c : base) region += static_cast<char>(std::toupper(c));
  }
  return base + "_" + region + ".UTF-8";
}

std::string KeyboardOf(std::string_view language) {
  const std::string_view base = BaseOf(language);
  const std::string_view region = RegionOf(language);
  if (base == "en") return region == "GB" || region == "IE" ? "gb" : "us";
  if (base == "pt" && region == "BR") return "br";
  if (base == "es" && !region.empty() && region != "ES") return "latam";
  if (region == "CH" || region == "BE") return Lowered(region);
  // The layout of most languages has the language's own code.
  return std::string(base);
}

}  // namespace preseal::agent
