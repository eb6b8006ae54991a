// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/adapters/steps/results.h"
#include "agent/adapters/steps/target_root.h"

namespace preseal::agent::steps {

// Whether the file that the answer of `prompt` goes to holds an answer that it takes: one line with
// its end, as it is written. Anything else of this name is not in place, so somebody is asked.
// AGENT_ERROR if the answer goes nowhere.
StepResult CheckAnswer(const TargetRoot& target, const PromptStep& prompt);

}  // namespace preseal::agent::steps
