// SPDX-License-Identifier: Apache-2.0
// Documents for tests, put together by hand.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "server/domain/assignment/resolve.h"

namespace preseal::server {

inline std::vector<Mention> Named(const std::vector<std::string>& ids) {
  std::vector<Mention> mentions;
  uint32_t line = 1;
  for (const std::string& id : ids) mentions.push_back({id, {"x.yaml", line++, 1}});
  return mentions;
}

inline ItemSpec App(const std::string& id, std::vector<std::string> after = {}) {
  return {.id = id,
          .display_name = "App " + id,
          .category = Category::kApps,
          .after = Named(after),
          .place = {"x.yaml", 1, 1}};
}

inline ItemSpec UserApp(const std::string& id) {
  ItemSpec item = App(id);
  item.context = Context::kUser;
  return item;
}

inline DeploymentProfile Profile(const std::string& id, std::vector<ItemSpec> items = {}) {
  DeploymentProfile profile;
  profile.settings.id = id;
  profile.settings.place.file = "x.yaml";
  profile.settings.version = 1;
  for (ItemSpec& item : items) profile.items.emplace_back(std::move(item));
  return profile;
}

inline DeviceGroup Group(const std::string& id, const std::string& rule) {
  return {.id = id, .rule = std::get<Rule>(Rule::Parse(rule))};
}

// Each adds one document and gives it back for more.
inline DeploymentProfile& Put(Library* library, DeploymentProfile profile) {
  const std::string id = profile.settings.id;
  return library->profiles[id] = std::move(profile);
}
inline ItemSpec& Put(Library* library, ItemSpec item) {
  const std::string id = item.id;
  return library->items[id] = std::move(item);
}
inline void Put(Library* library, DeviceGroup group) {
  const std::string id = group.id;
  library->groups.emplace(id, std::move(group));
}
inline Assignment& Assign(Library* library, const std::string& id, std::vector<std::string> items) {
  Assignment assignment{.id = id, .items = Named(items)};
  return library->assignments[id] = std::move(assignment);
}

}  // namespace preseal::server
