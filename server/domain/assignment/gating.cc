// SPDX-License-Identifier: Apache-2.0
#include "server/domain/assignment/gating.h"

#include <fmt/format.h>

#include <algorithm>

namespace preseal::server {
namespace {

bool IsListed(const EspSettings& esp, const std::string& id) {
  return std::any_of(esp.blocking_items.begin(), esp.blocking_items.end(),
                     [&id](const Mention& mention) { return mention.id == id; });
}

}  // namespace

bool ListDecides(const ProfileSettings& settings, bool user_targeted, const ItemSpec& item) {
  if (item.category != Category::kApps || !settings.esp.block_use) return false;
  if (settings.esp.blocking_items.empty()) return false;
  return !user_targeted || item.context == Context::kUser;
}

GatingChoice GatingOf(const ProfileSettings& settings, bool user_targeted, const ItemSpec& item) {
  if (item.category == Category::kQualityUpdates) {
    return {item.gating == Gating::kBackground ? Gating::kBackground : Gating::kTracked,
            "quality updates never hold the user"};
  }
  if (item.gating == Gating::kTracked) return {item.gating, "tracked, as the item says"};
  if (item.gating == Gating::kBackground) return {item.gating, "background, as the item says"};
  if (!ListDecides(settings, user_targeted, item))
    return {item.gating, "blocking, as the item says"};
  if (IsListed(settings.esp, item.id)) {
    return {Gating::kBlocking, fmt::format("on the blocking list of {}", settings.id)};
  }
  return {Gating::kTracked, fmt::format("not on the blocking list of {}", settings.id)};
}

bool LeftForUser(const ProfileSettings& settings, bool user_targeted, const ItemSpec& item) {
  return ListDecides(settings, user_targeted, item) && !settings.esp.only_fail_selected &&
         GatingOf(settings, user_targeted, item).gating != Gating::kBlocking;
}

}  // namespace preseal::server
