// SPDX-License-Identifier: Apache-2.0
// What may be answered to a prompt of a plan. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"

namespace preseal::server {

// As preseal.plan.v1.PromptStep.
struct PromptRules {
  std::vector<std::string> choices;  // empty: free text
  std::string pattern;  // common/pattern; empty: anything. The whole answer must match.
};

// InvalidArgument: longer than kPromptAnswerBytesMax, none of the choices, or another form than the
// pattern's; the message says what is wanted. Internal: the pattern itself is broken.
Status CheckAnswer(const PromptRules& rules, std::string_view answer);

}  // namespace preseal::server
