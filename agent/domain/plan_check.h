// SPDX-License-Identifier: Apache-2.0
// What a plan must be before anything is done to the device. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "agent/domain/plan.h"
#include "common/status/status.h"

namespace preseal::agent {

// Absolute, normal (no empty, "." or ".." part, no trailing slash), no control characters, at most
// kTargetPathBytesMax. The message says what is wrong. Does not look at any disk: symbolic links
// are the adapter's business.
Status CheckTargetPath(std::string_view path);

// Indices of `plan.steps` in the order they run: every step behind all of its `after`, otherwise as
// written. InvalidArgument, naming the item, for a duplicate id, an unknown `after` or a cycle.
StatusOr<std::vector<size_t>> OrderSteps(const Plan& plan);

// Everything else that can be told from the plan alone: ids, paths, limits, each step's own fields.
// InvalidArgument names the item, the field and what is allowed. Includes OrderSteps.
Status CheckPlan(const Plan& plan);

}  // namespace preseal::agent
