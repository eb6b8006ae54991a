// SPDX-License-Identifier: Apache-2.0
// Internal to server/domain/assignment: the order of a plan's items. Pure.
#pragma once

#include <vector>

#include "server/domain/assignment/effective_plan.h"

namespace preseal::server {

// Ids of items that follow from settings; no document may use them.
inline constexpr char kSetNameItem[] = "set-name";
inline constexpr char kOfflineJoinItem[] = "offline-join";
inline constexpr char kDomainJoinItem[] = "domain-join";
inline constexpr char kQualityUpdatesItem[] = "quality-updates";

// By phase, quality updates last, each item behind what it waits for; else as they came.
std::vector<PlannedItem> InOrder(std::vector<PlannedItem> items);

// Gives items the step groups this profile has, drops groups nobody is in, and what groups wait for
// but is not in the plan.
void ResolveGroups(EffectivePlan* plan);

}  // namespace preseal::server
