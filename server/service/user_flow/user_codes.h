// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/status/status.h"
#include "server/service/principal.h"

namespace preseal::server {

struct IssuedUserCode {
  std::string username;
  std::string code;  // XXXX-XXXX-XXXX; a secret, shown once
  WallTime expire_time;
};

// Codes assigned users sign in with, once. Thread-safe; blocks on the store.
class UserCodeDesk {
 public:
  virtual ~UserCodeDesk() = default;
  // A new one ends the one before. NotFound; FailedPrecondition: no user is assigned, or another
  // state.
  virtual StatusOr<IssuedUserCode> Issue(const Principal& actor, const DeviceId& device) = 0;
};

}  // namespace preseal::server
