// SPDX-License-Identifier: Apache-2.0
#include "agent/domain/engine/prompt_answer.h"

#include <algorithm>
#include <regex>
#include <string>

#include "common/base/limits.h"

namespace preseal::agent {
namespace {

bool Matches(const std::string& pattern, std::string_view answer) {
  // The library throws on a bad pattern and on one that is too hard; both take nothing.
  try {
    return std::regex_match(std::string(answer), std::regex(pattern, std::regex::ECMAScript));
  } catch (const std::regex_error&) {
    return false;
  }
}

}  // namespace

bool TakesAnswer(const PromptStep& prompt, std::string_view answer) {
  if (answer.empty() || answer.size() > kPromptAnswerBytesMax) return false;
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::any_of(answer.begin(), answer.end(), is_control)) return false;
  const auto& choices = prompt.choices;
  if (!choices.empty() && std::find(choices.begin(), choices.end(), answer) == choices.end()) {
    return false;
  }
  return prompt.pattern.empty() || Matches(prompt.pattern, answer);
}

}  // namespace preseal::agent
