// SPDX-License-Identifier: Apache-2.0
#include "server/service/user_flow/sign_in_provider.h"

namespace preseal::server {

std::string_view ToText(SignInOutcome outcome) {
  switch (outcome) {
    case SignInOutcome::kPending:
      return "pending";
    case SignInOutcome::kSlowDown:
      return "slow down";
    case SignInOutcome::kDenied:
      return "denied";
    case SignInOutcome::kExpired:
      return "expired";
    case SignInOutcome::kSignedIn:
      return "signed in";
  }
  return "unknown";
}

}  // namespace preseal::server
