// SPDX-License-Identifier: Apache-2.0
#include "server/domain/sign_in/sign_in_rules.h"

#include <fmt/format.h>

#include <algorithm>

namespace preseal::server {
namespace {

using R = SignInRefusal;

constexpr auto kDay = std::chrono::hours(24);

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// "183 days", "90 minutes".
std::string Span(std::chrono::seconds age) {
  if (age >= 2 * kDay) return fmt::format("{} days", age / kDay);
  if (age >= std::chrono::hours(3)) return fmt::format("{} hours", age / std::chrono::hours(1));
  const auto minutes = age / std::chrono::minutes(1);
  return fmt::format("{} minute{}", minutes, minutes == 1 ? "" : "s");
}

}  // namespace

SignInRefusal JudgeSignIn(const SignInFacts& facts, const SignInPolicy& policy) {
  if (facts.state != DeviceState::kSealed) return R::kState;
  const bool first_boot = facts.method == SignInMethod::kFirstBoot;
  if (first_boot && facts.mode != Mode::kSelfDeploying) return R::kUserDriven;
  if (!first_boot && facts.mode != Mode::kUserDriven) return R::kSelfDeploying;
  if (facts.seal_age == SealAge::kExpired && policy.refuse_expired_seal) return R::kSealExpired;
  if (facts.licence_wanted && !facts.licence_accepted && !first_boot) return R::kLicence;
  return R::kNone;
}

bool IsSignedIn(const Device& device) {
  return device.state == DeviceState::kUserSetup || device.state == DeviceState::kInService ||
         (device.state == DeviceState::kFailed && device.flow == Flow::kUser);
}

bool MayBeInUserFlow(const Device& device) {
  return device.state == DeviceState::kSealed || IsSignedIn(device);
}

bool SameUser(std::string_view entered, std::string_view user) {
  return !user.empty() && std::equal(entered.begin(), entered.end(), user.begin(), user.end(),
                                     [](char a, char b) { return Lower(a) == Lower(b); });
}

bool WantsLicence(const OutOfBox& pages) {
  return !pages.hide_licence && !pages.licence_text.empty();
}

std::string SentenceOf(SignInRefusal refusal) {
  switch (refusal) {
    case R::kNone:
      return "";
    case R::kState:
      return "This device is not ready for its user: ask your IT department to seal it first.";
    case R::kUserDriven:
      return "This device waits for its user to sign in.";
    case R::kSelfDeploying:
      return "This device sets itself up: nobody signs in.";
    case R::kSealExpired:
      return "The seal of this device has expired: ask your IT department to provision it again.";
    case R::kNoMethod:
      return "This way of signing in is not offered here: ask your IT department for a code.";
    case R::kLicence:
      return "The licence has to be accepted first.";
    case R::kNoCode:
      return "There is no code for this device, or it has been used: ask your IT department for "
             "one.";
    case R::kCodeExpired:
      return "The code has expired: ask your IT department for a new one.";
    case R::kCodeLocked:
      return "Too many wrong codes were entered: ask your IT department for a new one.";
    case R::kWrongCode:
      return "The user name and the code do not fit together.";
    case R::kNotACode:
      return "A code has twelve letters and digits, such as K7QW-2M9X-TF4B.";
    case R::kNobodyAssigned:
      return "Nobody is assigned to this device: ask your IT department to assign it to you.";
    case R::kOtherUser:
      return "You are signed in, but this device is meant for somebody else: ask your IT "
             "department.";
    case R::kTooSoon:
      return "Wait a few seconds, then try again.";
    case R::kBusy:
      return "Too many people are signing in at the moment: try again in a minute.";
    case R::kProviderAway:
      return "The sign-in page cannot be reached: try again later, or ask your IT department for a "
             "code.";
    case R::kProviderRefuses:
      return "The sign-in page does not work with this server: tell your IT department.";
    case R::kDenied:
      return "The sign-in was refused on the sign-in page: try again.";
    case R::kTooLate:
      return "The sign-in was not finished in time: try again.";
  }
  return "";
}

std::string ExpiredSealSentence(const DeviceId& device, std::chrono::seconds age,
                                const SealPolicy& policy) {
  return fmt::format(
      "This device was sealed {} ago, and a seal counts for {}. Ask your IT department: they can "
      "provision it again (preseal allow-next {}), or accept older seals (seal.refuse_expired).",
      Span(age), Span(policy.expired), device.text());
}

std::string SealNotice(std::chrono::seconds age, const SealPolicy& policy) {
  if (age >= policy.expired) {
    return fmt::format("Sealed {} ago; a seal counts for {}.", Span(age), Span(policy.expired));
  }
  if (age < policy.fresh) {
    return fmt::format(
        "Sealed {} ago. Setup may begin, but what was assigned to this device may still change; "
        "{} are recommended.",
        Span(std::max(age, std::chrono::seconds(0))), Span(policy.fresh));
  }
  if (age < policy.ageing) return "";
  return fmt::format("Sealed {} ago; the seal expires after {}.", Span(age), Span(policy.expired));
}

std::string_view NameOf(SignInRefusal refusal) {
  switch (refusal) {
    case R::kNone:
      return "NONE";
    case R::kState:
      return "WRONG_STATE";
    case R::kUserDriven:
      return "USER_DRIVEN";
    case R::kSelfDeploying:
      return "SELF_DEPLOYING";
    case R::kSealExpired:
      return "SEAL_EXPIRED";
    case R::kNoMethod:
      return "NOT_OFFERED";
    case R::kLicence:
      return "LICENCE_NOT_ACCEPTED";
    case R::kNoCode:
      return "NO_CODE";
    case R::kCodeExpired:
      return "CODE_EXPIRED";
    case R::kCodeLocked:
      return "CODE_LOCKED";
    case R::kWrongCode:
      return "WRONG_CODE";
    case R::kNotACode:
      return "NOT_A_CODE";
    case R::kNobodyAssigned:
      return "NOBODY_ASSIGNED";
    case R::kOtherUser:
      return "OTHER_USER";
    case R::kTooSoon:
      return "TOO_SOON";
    case R::kBusy:
      return "BUSY";
    case R::kProviderAway:
      return "PROVIDER_AWAY";
    case R::kProviderRefuses:
      return "PROVIDER_REFUSES";
    case R::kDenied:
      return "DENIED";
    case R::kTooLate:
      return "TOO_LATE";
  }
  return "";
}

std::string_view NameOf(SignInMethod method) {
  switch (method) {
    case SignInMethod::kOneTimeCode:
      return "one-time code";
    case SignInMethod::kDeviceAuthorization:
      return "identity provider";
    case SignInMethod::kFirstBoot:
      return "first boot";
  }
  return "";
}

}  // namespace preseal::server
