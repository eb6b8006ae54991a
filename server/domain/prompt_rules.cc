// SPDX-License-Identifier: Apache-2.0
#include "server/domain/prompt_rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <regex>

#include "common/base/limits.h"

namespace preseal::server {
namespace {

StatusOr<bool> Matches(const std::string& pattern, std::string_view answer) {
  try {
    const std::regex regex(pattern, std::regex::ECMAScript);
    return std::regex_match(answer.begin(), answer.end(), regex);
  } catch (const std::regex_error& error) {
    // Also what a pattern answers that takes too much stack or time on this text.
    return Internal(fmt::format("the prompt's pattern cannot be used: {}", error.what()));
  }
}

}  // namespace

Status CheckAnswer(const PromptRules& rules, std::string_view answer) {
  if (answer.size() > kPromptAnswerBytesMax) {
    return InvalidArgument(
        fmt::format("the answer is longer than {} bytes", kPromptAnswerBytesMax));
  }
  const auto& choices = rules.choices;
  if (!choices.empty() && std::find(choices.begin(), choices.end(), answer) == choices.end()) {
    return InvalidArgument(fmt::format("the answer must be one of: {}", fmt::join(choices, ", ")));
  }
  if (rules.pattern.empty()) return OkStatus();
  ASSIGN_OR_RETURN(const bool matches, Matches(rules.pattern, answer));
  if (matches) return OkStatus();
  return InvalidArgument(fmt::format("the answer does not have the form {}", rules.pattern));
}

}  // namespace preseal::server
