// SPDX-License-Identifier: Apache-2.0
// The pages of the first boot before anybody is signed in: which comes next. Pure.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "agent/domain/plan.h"

namespace preseal::agent {

enum class SetupPage {
  kWait,      // for the server
  kLanguage,  // BCP 47
  kKeyboard,  // XKB layout
  kNetwork,   // the server cannot be reached
  kWirelessName,
  kWirelessKey,
  kLicence,
  kPrivacy,
  kMethod,  // one-time code, or the organisation's sign-in page
  kUsername,
  kCode,
  kSend,   // a sign-in request is due
  kSent,   // and its answer is awaited
  kAgain,  // it was refused and there is nothing to type anew
  kNoWay,  // the server offers no way to sign in
  kDone,
};

enum class SignInMethod { kOneTimeCode, kDeviceAuthorization, kFirstBoot };

// What the server said of this device's first boot.
struct SetupOffer {
  OutOfBox out_of_box;
  Mode mode = Mode::kUserDriven;
  bool one_time_code = false;
  bool device_authorization = false;
};

// What is known and answered so far.
struct SetupFacts {
  std::optional<SetupOffer> offer;  // absent until the server was reached
  bool connect_failed = false;      // an attempt to reach it has failed
  bool wireless_chosen = false;
  std::string wireless_name;
  std::string language;
  std::string keyboard;
  bool licence_accepted = false;
  bool privacy_seen = false;
  std::optional<SignInMethod> method;
  std::string username;
  std::string code;  // a secret
  bool request_open = false;
  bool refused = false;
  bool signed_in = false;
};

SetupPage NextPage(const SetupFacts& facts);

// What the organisation has decided takes the place of an answer that is still missing.
void TakePresets(SetupFacts* facts);

// How this sign-in is to be done; nothing while that is open.
std::optional<SignInMethod> MethodOf(const SetupFacts& facts);

// Languages offered for choice; any other tag that IsLanguage may be typed.
inline constexpr std::array<std::string_view, 9> kLanguages = {
    "en-GB", "en-US", "de-DE", "fr-FR", "es-ES", "it-IT", "nl-NL", "pl-PL", "pt-BR"};

// "de", "en-GB": language and maybe region of BCP 47.
bool IsLanguage(std::string_view text);
// "gb", "us", "latam": a layout's name in XKB.
bool IsKeyboard(std::string_view text);
// The locale of a language with UTF-8: "en_GB.UTF-8". Without a region the usual one.
std::string LocaleOf(std::string_view language);
// The layout usual for a language.
std::string KeyboardOf(std::string_view language);

}  // namespace preseal::agent
