// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "server/domain/assignment/library.h"
#include "server/service/ports.h"
#include "server/service/profile/profile_desk.h"

namespace preseal::server {

struct TouchedDevices {
  std::vector<uint32_t> counts;  // as `documents`
  std::vector<std::string> warnings;
};

// For each of `documents`: how many devices that are not sealed yet get another plan from `after`
// than from `before`, and are ones the document is about. Counts among the first
// kTouchedDevicesMax of them and says so where there are more. Warns of groups of `after` that hold
// all or none of all devices.
StatusOr<TouchedDevices> CountTouched(
    Tx& tx, const ProfileDesk& profiles, const Library& before, const Library& after,
    const std::vector<std::pair<DocumentKind, std::string>>& documents);

}  // namespace preseal::server
