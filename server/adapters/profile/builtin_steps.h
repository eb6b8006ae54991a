// SPDX-License-Identifier: Apache-2.0
// Internal to server/adapters/profile: the steps no document writes.
#pragma once

#include "preseal/plan/v1/plan.pb.h"
#include "server/domain/assignment/effective_plan.h"

namespace preseal::server {

// Without phase, category, gating, after and origin.
plan::v1::Step BuiltinStep(const PlannedItem& item, const ProfileSettings& profile);

// An update is required only where the running system is the target and the link is not metered.
void AddUpdateConditions(plan::v1::Step* step);

}  // namespace preseal::server
