// SPDX-License-Identifier: Apache-2.0
#include "server/domain/assignment/item_order.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace preseal::server {
namespace {

using Names = std::set<std::string, std::less<>>;

bool Ready(const PlannedItem& item, const Names& placed) {
  return std::all_of(item.after.begin(), item.after.end(),
                     [&placed](const std::string& id) { return placed.contains(id); });
}

}  // namespace

std::vector<PlannedItem> InOrder(std::vector<PlannedItem> items) {
  const auto rank = [](const PlannedItem& item) {
    return std::pair(item.phase, item.spec.category == Category::kQualityUpdates);
  };
  std::stable_sort(items.begin(), items.end(),
                   [&rank](const auto& a, const auto& b) { return rank(a) < rank(b); });
  std::vector<PlannedItem> ordered;
  Names placed;
  while (!items.empty()) {
    auto next = std::find_if(items.begin(), items.end(),
                             [&placed](const PlannedItem& item) { return Ready(item, placed); });
    // Documents with cycles are never stored; if there were one, its items would still be shown.
    if (next == items.end()) next = items.begin();
    placed.insert(next->spec.id);
    ordered.push_back(std::move(*next));
    items.erase(next);
  }
  return ordered;
}

void ResolveGroups(EffectivePlan* plan) {
  auto& groups = plan->profile.step_groups;
  Names items;
  Names used;
  for (PlannedItem& item : plan->items) {
    items.insert(item.spec.id);
    if (item.spec.group.id.empty()) continue;
    const auto group = std::find_if(groups.begin(), groups.end(), [&item](const StepGroup& one) {
      return one.name == item.spec.group.id;
    });
    if (group == groups.end()) {
      plan->warnings.push_back(fmt::format("{} names group {}, which profile {} has not: ignored",
                                           item.spec.id, item.spec.group.id, plan->profile.id));
      continue;
    }
    if (group->teardown && item.gating == Gating::kBlocking) {
      item.gating = Gating::kTracked;
      item.gating_reason = fmt::format("group {} is a teardown, which holds nothing", group->name);
    }
    item.group = group->name;
    used.insert(group->name);
  }
  std::erase_if(groups, [&used](const StepGroup& group) { return !used.contains(group.name); });
  for (StepGroup& group : groups) {
    std::erase_if(group.after, [&](const Mention& after) {
      return !used.contains(after.id) && !items.contains(after.id);
    });
  }
}

}  // namespace preseal::server
