// SPDX-License-Identifier: Apache-2.0
// GoogleTest matchers for Status and StatusOr.
#pragma once

#include <gmock/gmock.h>

#include <string>

#include "common/status/status.h"

namespace preseal::test {

inline const Status& GetStatus(const Status& status) { return status; }
template <typename T>
const Status& GetStatus(const StatusOr<T>& result) {
  return result.status();
}

MATCHER(IsOk, negation ? "is an error" : "is OK") {
  *result_listener << ToString(GetStatus(arg));
  return GetStatus(arg).ok();
}

MATCHER_P(StatusIs, code, "has the status code " + std::to_string(static_cast<int>(code))) {
  *result_listener << ToString(GetStatus(arg));
  return GetStatus(arg).code() == code;
}

// As StatusIs, and the message contains `text`; for messages that must name something.
MATCHER_P2(StatusIs, code, text, "has the code and names the text") {
  *result_listener << ToString(GetStatus(arg));
  return GetStatus(arg).code() == code && MessageOf(GetStatus(arg)).find(text) != std::string::npos;
}

MATCHER_P(IsOkAndHolds, value, "") {
  if (!arg.ok()) {
    *result_listener << ToString(arg.status());
    return false;
  }
  return testing::ExplainMatchResult(
      testing::SafeMatcherCast<const typename std::decay_t<decltype(arg)>::value_type&>(value),
      *arg, result_listener);
}

#define PRESEAL_ASSERT_OK_AND_ASSIGN_(var, lhs, expr)         \
  auto var = (expr);                                          \
  ASSERT_TRUE(var.ok()) << ::preseal::ToString(var.status()); \
  lhs = std::move(var).value()
#define ASSERT_OK_AND_ASSIGN(lhs, expr) \
  PRESEAL_ASSERT_OK_AND_ASSIGN_(PRESEAL_CONCAT_(assert_or_, __LINE__), lhs, expr)
#define ASSERT_OK(expr) ASSERT_THAT((expr), ::preseal::test::IsOk())
#define EXPECT_OK(expr) EXPECT_THAT((expr), ::preseal::test::IsOk())

}  // namespace preseal::test
