// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/clock.h"
#include "server/service/flow/landing_desk.h"
#include "server/service/ports.h"
#include "server/service/user_flow/user_codes.h"

namespace preseal::server {

// Issues the codes assigned users sign in with. Of a code only UserCodeDigest is kept. Thread-safe.
class UserCodeOffice final : public UserCodeDesk {
 public:
  UserCodeOffice(Store& store, const Clock& clock, LandingDesk& landing)
      : store_(store), clock_(clock), landing_(landing) {}

  StatusOr<IssuedUserCode> Issue(const Principal& actor, const DeviceId& device) override;

 private:
  Store& store_;
  const Clock& clock_;
  LandingDesk& landing_;
};

}  // namespace preseal::server
