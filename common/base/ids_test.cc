// SPDX-License-Identifier: Apache-2.0
#include "common/base/ids.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/status_matchers.h"

namespace preseal {
namespace {

TEST(DeviceIdTest, AcceptsOnlyTheCanonicalForm) {
  EXPECT_TRUE(DeviceId::Parse("D-1042").ok());
  for (const char* bad : {"", "D-", "D-01", "d-1", "D-1 ", "D-1x", "D-1234567890123456"}) {
    EXPECT_THAT(DeviceId::Parse(bad), test::StatusIs(StatusCode::kInvalidArgument)) << bad;
  }
}

TEST(RunIdTest, NamesDeviceAndAttempt) {
  const auto run = RunId::Of(DeviceId::FromNumber(1042), 2);
  EXPECT_EQ(run.text(), "D-1042.2");
  EXPECT_EQ(run.device().text(), "D-1042");
  EXPECT_EQ(run.attempt(), 2u);
  EXPECT_THAT(RunId::Parse("D-1042.0"), test::StatusIs(StatusCode::kInvalidArgument));
}

TEST(BatchIdTest, RefusesPathsAndLongNames) {
  EXPECT_TRUE(BatchId::Parse("PO-7").ok());
  for (const auto& bad : {std::string("../x"), std::string("a/b"), std::string(65, 'a')}) {
    EXPECT_THAT(BatchId::Parse(bad), test::StatusIs(StatusCode::kInvalidArgument)) << bad;
  }
}

}  // namespace
}  // namespace preseal
