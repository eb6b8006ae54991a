// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/query.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace preseal::server::http {
namespace {

TEST(ParseQueryTest, DecodesNamesAndValues) {
  EXPECT_THAT(ParseQuery("a=1&b%20c=x+y%2B&&empty=&bare"),
              test::IsOkAndHolds(Query{{"a", "1"}, {"b c", "x y+"}, {"empty", ""}, {"bare", ""}}));
}

TEST(ParseQueryTest, RefusesBrokenPercentSequence) {
  for (const char* text : {"a=%", "a=%2", "a=%zz", "%=1"}) {
    EXPECT_THAT(ParseQuery(text), test::StatusIs(StatusCode::kInvalidArgument)) << text;
  }
}

TEST(ParseQueryTest, RefusesRepeatedName) {
  EXPECT_THAT(ParseQuery("a=1&a=2"), test::StatusIs(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace preseal::server::http
