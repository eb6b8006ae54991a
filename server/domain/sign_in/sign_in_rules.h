// SPDX-License-Identifier: Apache-2.0
// Who may begin the user flow of a sealed device, and how. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "server/domain/device.h"
#include "server/domain/profile/deployment_profile.h"
#include "server/domain/reports/seal_age.h"

namespace preseal::server {

enum class SignInMethod { kOneTimeCode, kDeviceAuthorization, kFirstBoot };

// docs/user-flow.md "Who may sign in".
struct SignInPolicy {
  bool any_user = false;            // a device nobody is assigned to takes whoever signs in
  bool refuse_expired_seal = true;  // Windows Autopilot stops recognising them at six months
  SealPolicy seal;
};

// Why not; kNone is yes. Reasons from kNoCode on concern the person, those before the device.
enum class SignInRefusal {
  kNone,
  kState,          // not sealed
  kUserDriven,     // the profile wants a person to sign in
  kSelfDeploying,  // the profile wants nobody to
  kSealExpired,    // and the policy refuses those
  kNoMethod,       // this way of signing in is not offered here
  kLicence,        // not accepted
  kNoCode,         // none was issued, or it is used
  kCodeExpired,
  kCodeLocked,  // too many wrong ones
  kWrongCode,   // or another user's name
  kNotACode,    // cannot be one, and does not count as a try
  kNobodyAssigned,
  kOtherUser,  // signed in, but the device is another's
  kTooSoon,
  kBusy,  // too many sign-ins are under way
  kProviderAway,
  kProviderRefuses,
  kDenied,   // the person said no at the provider
  kTooLate,  // nobody decided in time
};

struct SignInFacts {
  DeviceState state = DeviceState::kRegistered;
  SignInMethod method = SignInMethod::kOneTimeCode;
  Mode mode = Mode::kUserDriven;
  SealAge seal_age = SealAge::kFresh;
  bool licence_wanted = false;
  bool licence_accepted = false;
};

// What can be said before anybody's name is looked at.
SignInRefusal JudgeSignIn(const SignInFacts& facts, const SignInPolicy& policy);

// The device belongs to its user's half already: signed in, or begun without a user.
bool IsSignedIn(const Device& device);
// May its agent say that it is in the user flow: sealed, or later.
bool MayBeInUserFlow(const Device& device);

// Whether `entered` names `user`: case does not matter for ASCII letters, everything else does.
// Two empty names are not the same person.
bool SameUser(std::string_view entered, std::string_view user);

// The licence is shown, so it has to be accepted.
bool WantsLicence(const OutOfBox& pages);

// What the person at the device reads: why, and what to do.
std::string SentenceOf(SignInRefusal refusal);
// The same for an expired seal, with its age.
std::string ExpiredSealSentence(const DeviceId& device, std::chrono::seconds age,
                                const SealPolicy& policy);
// What the card says of a seal's age; empty: nothing worth a word.
std::string SealNotice(std::chrono::seconds age, const SealPolicy& policy);

// "WRONG_CODE", for the audit log.
std::string_view NameOf(SignInRefusal refusal);
// "one-time code".
std::string_view NameOf(SignInMethod method);

}  // namespace preseal::server
