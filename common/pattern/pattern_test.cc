// SPDX-License-Identifier: Apache-2.0
#include "common/pattern/pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/base/limits.h"
#include "tests/support/status_matchers.h"

namespace preseal::pattern {
namespace {

using test::IsOkAndHolds;
using test::StatusIs;

constexpr auto kInvalid = StatusCode::kInvalidArgument;

TEST(PatternTest, TheWholeTextMustHaveTheForm) {
  EXPECT_THAT(MatchesWhole("[A-Z]{2}-[0-9]{4}", "AB-1234"), IsOkAndHolds(true));
  EXPECT_THAT(MatchesWhole("[A-Z]{2}-[0-9]{4}", "xAB-1234"), IsOkAndHolds(false));
  EXPECT_THAT(MatchesWhole("[A-Z]{2}-[0-9]{4}", "AB-1234\n"), IsOkAndHolds(false));
}

TEST(PatternTest, CountsCharactersNotBytes) {
  EXPECT_THAT(MatchesWhole(".{3}", "Büß"), IsOkAndHolds(true));
}

// A matcher that goes back and tries again needs longer than anybody lives for each of these.
TEST(PatternTest, NoPatternTakesLong) {
  const std::string answer(kPromptAnswerBytesMax, 'a');
  EXPECT_THAT(MatchesWhole("(a+)+b", answer), IsOkAndHolds(false));
  EXPECT_THAT(MatchesWhole("([a-z0-9]+)*@example", answer), IsOkAndHolds(false));
  EXPECT_THAT(MatchesWhole("(a*)*(a*)*(a*)*(a*)*b", answer), IsOkAndHolds(false));
  EXPECT_THAT(MatchesWhole("(a|aa)+b", answer), IsOkAndHolds(false));
}

TEST(PatternTest, RefusesWhatGrowsWithoutBounds) {
  EXPECT_THAT(Check("((a{0,200}){0,100}){0,100}b"), StatusIs(kInvalid));
  EXPECT_THAT(Check(std::string(250, '(') + "a{0,900}" + std::string(250, ')') + "{0,900}"),
              StatusIs(kInvalid));
}

TEST(PatternTest, SaysWhatIsWrongWithAPattern) {
  EXPECT_OK(Check("A-[0-9]{4}"));
  EXPECT_THAT(Check("["), StatusIs(kInvalid, "missing ]"));
  EXPECT_THAT(Check("(a)\\1"), StatusIs(kInvalid, "invalid escape"));
  EXPECT_THAT(Check("(?=a)a"), StatusIs(kInvalid, "invalid perl operator"));
  EXPECT_THAT(MatchesWhole("[", "x"), StatusIs(kInvalid));
}

}  // namespace
}  // namespace preseal::pattern
