// SPDX-License-Identifier: Apache-2.0
// What one device runs in one flow, and why: nothing is in it or left out without a reason. Pure.
#pragma once

#include <string>
#include <vector>

#include "server/domain/profile/deployment_profile.h"

namespace preseal::server {

// Steps no document writes: they follow from the profile's settings.
enum class Builtin { kNone, kSetName, kOfflineJoin, kDomainJoin, kQualityUpdates };

struct PlannedItem {
  ItemSpec spec;  // of a builtin: id, name and category only
  Builtin builtin = Builtin::kNone;
  Phase phase = Phase::kDeviceSetup;
  Gating gating = Gating::kBlocking;  // after the profile's blocking list
  std::string reason;                 // why it is there
  std::string gating_reason;          // why it blocks or does not
  std::vector<std::string> after;     // ids in this plan only
  std::string group;                  // of the profile's step groups
};

struct LeftOutItem {
  std::string id;
  std::string display_name;
  std::string reason;
};

struct ProfileVerdict {
  std::string profile;
  uint32_t version = 0;
  bool chosen = false;
  std::string reason;
};

struct EffectivePlan {
  Flow flow = Flow::kTechnician;
  ProfileSettings profile;               // esp.timeout with what hybrid adds
  std::vector<ProfileVerdict> profiles;  // every one that matched, the winner first
  std::vector<PlannedItem> items;        // in the order they run
  std::vector<LeftOutItem> left_out;
  std::vector<std::string> groups;  // the device is in, each with its rule
  std::vector<std::string> warnings;
  std::string device_name;  // empty: the name stays
};

}  // namespace preseal::server
