// SPDX-License-Identifier: Apache-2.0
#include "agent/domain/engine/prompt_answer.h"

#include <algorithm>

#include "common/base/limits.h"
#include "common/pattern/pattern.h"

namespace preseal::agent {

bool TakesAnswer(const PromptStep& prompt, std::string_view answer) {
  if (answer.empty() || answer.size() > kPromptAnswerBytesMax) return false;
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::any_of(answer.begin(), answer.end(), is_control)) return false;
  const auto& choices = prompt.choices;
  if (!choices.empty() && std::find(choices.begin(), choices.end(), answer) == choices.end()) {
    return false;
  }
  if (prompt.pattern.empty()) return true;
  const auto matches = pattern::MatchesWhole(prompt.pattern, answer);
  return matches.ok() && *matches;
}

}  // namespace preseal::agent
