// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/status/status.h"
#include "server/service/ports.h"
#include "server/service/principal.h"

namespace preseal::server {

// Permission for one more enrolment of a device that was sealed before (server/domain/
// one_time_rule.h). Used up by the enrolment that is accepted, not by one that is refused.
// Thread-safe; blocks on the store.
class OneTimeLimit {
 public:
  OneTimeLimit(Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  // Gives the permission in the name of `actor` until `expire_time` (none: kAllowNextLifeDefault
  // from now); a newer one replaces it. Returns the record.
  //   InvalidArgument     no reason or one longer than kReasonBytesMax; an expiry that is past or
  //                       more than kAllowNextLifeMax away
  //   PermissionDenied    an API token: the permission carries a person's name
  //   FailedPrecondition  the device needs none, or is blocked or retired
  StatusOr<Device> AllowNext(const Principal& actor, const DeviceId& id, std::string_view reason,
                             std::optional<WallTime> expire_time);

 private:
  Store& store_;
  const Clock& clock_;
};

}  // namespace preseal::server
