// SPDX-License-Identifier: Apache-2.0
// All documents together: what devices can be given. Pure.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/domain/assignment/rule.h"
#include "server/domain/profile/deployment_profile.h"

namespace preseal::server {

struct DeviceGroup {
  std::string id;
  std::string description;
  Rule rule;
  uint32_t version = 0;
  Place place;  // of the rule
};

// Required items are in the plan; available ones are not, the user may ask for them.
enum class Intent { kRequired, kAvailable };

struct Assignment {
  std::string id;
  std::string description;
  Intent intent = Intent::kRequired;
  std::vector<Mention> items;
  Mention profile;  // empty id: none
  bool all_devices = false;
  std::vector<Mention> groups;
  std::vector<std::string> users;  // compared without case
  std::vector<Mention> exclude_groups;
  std::vector<std::string> exclude_users;
  uint32_t version = 0;
  Place place;
};

struct Library {
  std::map<std::string, DeploymentProfile, std::less<>> profiles;
  std::map<std::string, DeviceGroup, std::less<>> groups;
  std::map<std::string, ItemSpec, std::less<>> items;
  std::map<std::string, Assignment, std::less<>> assignments;
};

// What no single document shows: names nobody bears, items that wait for each other (the cycle is
// named), device items that wait for the user's. At most kMistakesMax.
std::vector<Mistake> CheckLibrary(const Library& library);

// Finds groups that hold every one or none of the devices it is shown. Needs `library` to outlive
// it; not thread-safe.
class GroupCensus {
 public:
  explicit GroupCensus(const Library& library) : library_(library) {}
  void Count(const DeviceFacts& facts);
  // By group; nothing if no device was shown.
  std::vector<std::string> Warnings() const;

 private:
  const Library& library_;
  std::map<std::string, uint64_t, std::less<>> inside_;  // by group
  uint64_t devices_ = 0;
};

}  // namespace preseal::server
