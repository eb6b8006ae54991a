// SPDX-License-Identifier: Apache-2.0
#include "server/domain/prompt_rules.h"

#include <gtest/gtest.h>

#include "common/base/limits.h"
#include "tests/support/status_matchers.h"

namespace preseal::server {
namespace {

using test::StatusIs;

TEST(PromptRulesTest, TakesOneOfTheChoicesAndNothingElse) {
  const PromptRules rules{.choices = {"yes", "no"}};
  EXPECT_OK(CheckAnswer(rules, "no"));
  EXPECT_THAT(CheckAnswer(rules, "No"), StatusIs(StatusCode::kInvalidArgument, "yes, no"));
  EXPECT_THAT(CheckAnswer(rules, ""), StatusIs(StatusCode::kInvalidArgument));
}

TEST(PromptRulesTest, MatchesTheWholeAnswerAgainstThePattern) {
  const PromptRules rules{.pattern = "[A-Z]{2}-[0-9]{4}"};
  EXPECT_OK(CheckAnswer(rules, "AB-1234"));
  EXPECT_THAT(CheckAnswer(rules, "xAB-1234"), StatusIs(StatusCode::kInvalidArgument, "form"));
}

TEST(PromptRulesTest, TakesAnyTextWhereNothingIsAsked) {
  EXPECT_OK(CheckAnswer({}, std::string(kPromptAnswerBytesMax, 'x')));
  EXPECT_THAT(CheckAnswer({}, std::string(kPromptAnswerBytesMax + 1, 'x')),
              StatusIs(StatusCode::kInvalidArgument, "longer"));
}

// The writer of the whole store waits for this.
TEST(PromptRulesTest, NoAnswerKeepsTheServerBusyForLong) {
  const PromptRules rules{.pattern = "(a+)+b"};
  EXPECT_THAT(CheckAnswer(rules, std::string(kPromptAnswerBytesMax, 'a')),
              StatusIs(StatusCode::kInvalidArgument, "form"));
}

TEST(PromptRulesTest, BlamesABrokenPatternNotTheAnswer) {
  EXPECT_THAT(CheckAnswer({.pattern = "["}, "x"), StatusIs(StatusCode::kInternal));
}

}  // namespace
}  // namespace preseal::server
