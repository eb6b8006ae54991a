// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/status/status.h"
#include "server/service/flow/landing_desk.h"
#include "server/service/ports.h"
#include "server/service/principal.h"

namespace preseal::server {

// What a person may change of a record; absent stays as it is.
struct DeviceChange {
  std::optional<std::string> assigned_user;
  std::optional<std::string> group_tag;
  std::optional<std::string> slot;
  std::optional<std::string> profile;  // pins it; empty: by assignment again
  std::vector<std::pair<std::string, std::string>> attributes;  // an empty value removes the key
};

// Thread-safe; blocks on the store.
class DeviceEdit {
 public:
  DeviceEdit(Store& store, const Clock& clock, LandingDesk& landing)
      : store_(store), clock_(clock), landing_(landing) {}

  // Returns the record afterwards; a run that goes on keeps the plan it has. NotFound: the device,
  // or the profile. InvalidArgument names the field. FailedPrecondition: the device is retired.
  StatusOr<Device> Update(const Principal& actor, const DeviceId& id, const DeviceChange& change);

 private:
  Store& store_;
  const Clock& clock_;
  LandingDesk& landing_;
};

}  // namespace preseal::server
