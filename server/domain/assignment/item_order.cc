// SPDX-License-Identifier: Apache-2.0
#include "server/domain/assignment/item_order.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace preseal::server {
namespace {

using Names = std::set<std::string, std::less<>>;

bool Ready(const PlannedItem& item, const Names& placed) {
  return std::all_of(item.after.begin(), item.after.end(),
                     [&placed](const std::string& id) { return placed.contains(id); });
}

// Of every item and of every group somebody is in.
std::map<std::string, Turn, std::less<>> TurnsOf(const EffectivePlan& plan) {
  std::map<std::string, Turn, std::less<>> turns;
  for (const StepGroup& group : plan.profile.step_groups) {
    turns[group.name].teardown = group.teardown;
  }
  for (const PlannedItem& item : plan.items) {
    Turn turn;
    turn.Add(item.phase);
    if (!item.group.empty()) {
      Turn& group = turns[item.group];
      group.Add(item.phase);
      turn.teardown = group.teardown;
    }
    turns.emplace(item.spec.id, turn);
  }
  return turns;
}

}  // namespace

Phase PhaseOf(const ItemSpec& item) {
  const bool late = item.context == Context::kUser || item.category == Category::kQualityUpdates;
  return late ? Phase::kAccountSetup : Phase::kDeviceSetup;
}

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

void DropEndlessWaits(EffectivePlan* plan) {
  const auto turns = TurnsOf(*plan);
  const auto endless = [&](const std::string& name, const std::string& after) {
    const Turn& turn = turns.at(name);
    const Turn& before = turns.at(after);
    const bool teardown = before.teardown && !turn.teardown;
    if (!teardown && before.last <= turn.first) return false;
    plan->warnings.push_back(fmt::format("{} waits for {}, which is {}: ignored", name, after,
                                         teardown ? "in a teardown group" : "of a later phase"));
    return true;
  };
  for (PlannedItem& item : plan->items) {
    std::erase_if(item.after, [&](const auto& after) { return endless(item.spec.id, after); });
  }
  for (StepGroup& group : plan->profile.step_groups) {
    std::erase_if(group.after, [&](const auto& after) { return endless(group.name, after.id); });
  }
}

}  // namespace preseal::server
