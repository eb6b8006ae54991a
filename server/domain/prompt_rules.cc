// SPDX-License-Identifier: Apache-2.0
#include "server/domain/prompt_rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "common/base/limits.h"
#include "common/pattern/pattern.h"

namespace preseal::server {

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
  const auto matches = pattern::MatchesWhole(rules.pattern, answer);
  if (!matches.ok()) {
    return Internal(
        fmt::format("the prompt's pattern cannot be used: it {}", MessageOf(matches.status())));
  }
  if (*matches) return OkStatus();
  return InvalidArgument(fmt::format("the answer does not have the form {}", rules.pattern));
}

}  // namespace preseal::server
