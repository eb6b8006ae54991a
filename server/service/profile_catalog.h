// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/status/status.h"
#include "server/domain/progress.h"

namespace preseal::server {

// A profile at one moment, as a run keeps it.
struct FrozenPlan {
  std::string profile;
  std::string profile_digest;  // SHA-256 of the profile's text, lower-case hex
  std::vector<Item> items;     // in plan order, all kNotStarted
  Bytes plan;                  // serialized preseal.plan.v1.Plan, at most kPlanBytesMax
};

// The deployment profiles the server was started with. Thread-safe; calls do not block.
class ProfileCatalog {
 public:
  virtual ~ProfileCatalog() = default;
  // Empty `name` means the default profile. NotFound names the profile and where to add it.
  virtual StatusOr<FrozenPlan> Freeze(std::string_view name) const = 0;
  virtual const std::string& default_profile() const = 0;
  // What quarantined devices run; empty: nothing.
  virtual const std::string& quarantine_profile() const = 0;
};

}  // namespace preseal::server
