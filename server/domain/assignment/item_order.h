// SPDX-License-Identifier: Apache-2.0
// Internal to server/domain/assignment: the order of a plan's items. Pure.
#pragma once

#include <algorithm>
#include <vector>

#include "server/domain/assignment/effective_plan.h"

namespace preseal::server {

// Ids of items that follow from settings; no document may use them.
inline constexpr char kSetNameItem[] = "set-name";
inline constexpr char kOfflineJoinItem[] = "offline-join";
inline constexpr char kDomainJoinItem[] = "domain-join";
inline constexpr char kQualityUpdatesItem[] = "quality-updates";

// Account setup: the user's items and quality updates; device setup: the others.
Phase PhaseOf(const ItemSpec& item);

// When an item, or a group's items, run. A teardown runs after everything else.
struct Turn {
  Phase first = Phase::kAccountSetup;
  Phase last = Phase::kDevicePreparation;
  bool teardown = false;

  void Add(Phase phase) {
    first = std::min(first, phase);
    last = std::max(last, phase);
  }
};

// By phase, quality updates last, each item behind what it waits for; else as they came.
std::vector<PlannedItem> InOrder(std::vector<PlannedItem> items);

// Gives items the step groups this profile has, drops groups nobody is in, and what groups wait for
// but is not in the plan.
void ResolveGroups(EffectivePlan* plan);

// After ResolveGroups: ignores, with a warning, what waits for something that runs after it. Within
// one profile such documents are refused; assignments can still bring two of them together.
void DropEndlessWaits(EffectivePlan* plan);

}  // namespace preseal::server
