// SPDX-License-Identifier: Apache-2.0
// Inner parts of plan_check; agent/domain only. InvalidArgument names the field and what is
// allowed.
#pragma once

#include <string_view>
#include <vector>

#include "agent/domain/plan.h"
#include "common/status/status.h"

namespace preseal::agent {

// The step's own action.
Status CheckActionOf(const Step& step);
// Names, types, values and ranges of a step's inputs; no name twice.
Status CheckInputs(const std::vector<StepInput>& inputs);
// Empty, or a regular expression of common/pattern, at most kPromptPatternBytesMax.
Status CheckPattern(std::string_view pattern);
// 1..kDeviceNameCharsMax letters, digits and hyphens; no hyphen at either end, not only digits:
// what NetBIOS and DNS both take.
Status CheckDeviceName(std::string_view name);

}  // namespace preseal::agent
