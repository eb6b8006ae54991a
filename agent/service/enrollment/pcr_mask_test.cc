// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "agent/service/enrollment/tpm_port.h"
#include "tests/support/status_matchers.h"

namespace preseal::agent {
namespace {

using test::StatusIs;

const PcrMask kSha1{0x0004, {0xFF, 0x43, 0x00}};
const PcrMask kSha256{0x000B, {0xFF, 0x43, 0x80}};

TEST(CheckPcrsTest, KeepsBanksAndBitsInOrder) {
  ASSERT_OK_AND_ASSIGN(const auto pcrs, CheckPcrs(std::vector{kSha256, kSha1}));
  ASSERT_EQ(pcrs.size(), 2u);
  EXPECT_EQ(pcrs[0].hash_algorithm, 0x000B);
  EXPECT_TRUE(pcrs[0].Selects(0));
  EXPECT_TRUE(pcrs[0].Selects(23));
  EXPECT_FALSE(pcrs[1].Selects(23));
}

TEST(CheckPcrsTest, RefusesNoBank) {
  EXPECT_THAT(CheckPcrs({}), StatusIs(StatusCode::kInvalidArgument));
}

TEST(CheckPcrsTest, RefusesABankTwice) {
  EXPECT_THAT(CheckPcrs(std::vector{kSha256, kSha256}), StatusIs(StatusCode::kInvalidArgument));
}

TEST(CheckPcrsTest, RefusesMasksOfOtherLengths) {
  EXPECT_THAT(CheckPcrs(std::vector{PcrMask{0x000B, {0xFF, 0x43}}}),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(CheckPcrs(std::vector{PcrMask{0x000B, {0xFF, 0x43, 0, 0}}}),
              StatusIs(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace preseal::agent
