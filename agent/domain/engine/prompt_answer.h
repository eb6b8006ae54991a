// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "agent/domain/plan.h"

namespace preseal::agent {

// Whether a person's answer is one the prompt takes: one of its choices if it has any, and the
// whole of it matching the pattern if there is one (common/pattern); never empty, over
// kPromptAnswerBytesMax or with control characters. A pattern that does not compile takes nothing.
bool TakesAnswer(const PromptStep& prompt, std::string_view answer);

}  // namespace preseal::agent
