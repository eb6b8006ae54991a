// SPDX-License-Identifier: Apache-2.0
// Where people sign in who have no account here: the device shows a code, the person approves it
// in a browser of their own (OAuth 2.0 Device Authorization Grant, RFC 8628).
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/status/status.h"

namespace preseal::server {

struct DeviceAuthorization {
  // A secret between us and the provider: whoever has it gets the sign-in. Never shown, logged or
  // sent to a device. At most kDeviceCodeBytesMax.
  std::string device_code;
  std::string user_code;                  // to be typed; printable ASCII, at most kUserCodeBytesMax
  std::string verification_uri;           // where; https, at most kUrlBytesMax
  std::string verification_uri_complete;  // with the code in it, for a QR code; may be empty
  std::chrono::seconds interval{};        // between two polls, at most kSignInIntervalMax
  std::chrono::seconds expires_in{};      // from now, at most kSignInCodeLifeMax
};

struct SignedInUser {
  std::string issuer;        // URL; with `subject` it names a person for ever
  std::string subject;       // printable ASCII, at most kSubjectBytesMax
  std::string username;      // what devices are assigned by; at most kNameBytesMax
  std::string display_name;  // may be empty, as may
  std::string email;         // this one
};

enum class SignInOutcome {
  kPending,   // nobody has decided yet; ask again after the interval
  kSlowDown,  // as pending, and the interval grows by five seconds for good (RFC 8628 section 3.5)
  kDenied,    // the person refused
  kExpired,   // too late, or the code was spent or is not known any more; begin again
  kSignedIn,
};
// "pending", "slow down", …
std::string_view ToText(SignInOutcome outcome);

struct SignInPoll {
  SignInOutcome outcome = SignInOutcome::kPending;
  SignedInUser user;  // only if kSignedIn
};

// Blocking: call it from a worker. A call makes a handful of requests at most, each bounded by
// kSignInRequestWithin, and repeats none that failed. Thread-safe.
//
// UNAVAILABLE: the provider cannot be reached, is out of order or talks nonsense; the message names
// the URL and the reason. FAILED_PRECONDITION: it was reached and will not do, such as a client it
// does not know, another issuer's name, or an ID token that does not verify: somebody must change
// the settings here or there.
class SignInProvider {
 public:
  virtual ~SignInProvider() = default;
  virtual StatusOr<DeviceAuthorization> Begin() = 0;
  // `device_code` is of a DeviceAuthorization. kSignedIn is given once per code.
  virtual StatusOr<SignInPoll> Poll(const std::string& device_code) = 0;
};

}  // namespace preseal::server
