// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/steps/answer_file.h"

#include "agent/domain/engine/prompt_answer.h"
#include "common/base/limits.h"

namespace preseal::agent::steps {

StepResult CheckAnswer(const TargetRoot& target, const PromptStep& prompt) {
  if (prompt.answer_path.empty()) {
    return FailedForGood(ItemCode::kAgentError,
                         "a prompt whose answer goes nowhere was looked for");
  }
  const auto facts = target.Look(prompt.answer_path);
  if (!facts.ok()) return FromTargetStatus(facts.status());
  if (!*facts) return NotInPlace(prompt.answer_path + " does not exist");
  const bool may_be_answer = S_ISREG((*facts)->mode) && (*facts)->size <= kPromptAnswerBytesMax + 1;
  if (!may_be_answer) return NotInPlace(prompt.answer_path + " is no answer");
  const auto content = target.Read(prompt.answer_path, kPromptAnswerBytesMax + 1);
  if (!content.ok()) return FromTargetStatus(content.status());
  std::string_view answer = AsText(*content);
  const bool whole_line = answer.ends_with('\n');
  if (whole_line) answer.remove_suffix(1);
  if (!whole_line || !TakesAnswer(prompt, answer)) {
    return NotInPlace(prompt.answer_path + " holds no answer that fits");
  }
  return Done();
}

}  // namespace preseal::agent::steps
