// SPDX-License-Identifier: Apache-2.0
#include "common/base/bytes.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace preseal {
namespace {

TEST(HexTest, RoundTripsAllByteValues) {
  Bytes all(256);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint8_t>(i);
  EXPECT_THAT(FromHex(ToHex(all)), test::IsOkAndHolds(all));
}

TEST(HexTest, RefusesOddLengthAndForeignCharacters) {
  EXPECT_THAT(FromHex("abc"), test::StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(FromHex("zz"), test::StatusIs(StatusCode::kInvalidArgument));
}

TEST(EscapeForLogTest, KeepsPrintableUtf8) { EXPECT_EQ(EscapeForLog("Grüße €", 100), "Grüße €"); }

TEST(EscapeForLogTest, NeutralisesTerminalControls) {
  EXPECT_EQ(EscapeForLog("a\x1b[2Jb\n\\", 100), "a\\x1b[2Jb\\x0a\\\\");
  EXPECT_EQ(EscapeForLog("\xE2\x80\xAE", 100), "\\xe2\\x80\\xae");  // right-to-left override
}

TEST(EscapeForLogTest, EscapesInvalidUtf8) {
  EXPECT_EQ(EscapeForLog("\xff\xc0\xaf", 100), "\\xff\\xc0\\xaf");
}

TEST(EscapeForLogTest, CutsAtTheLimitAndSaysSo) { EXPECT_EQ(EscapeForLog("abcdef", 3), "abc…"); }

}  // namespace
}  // namespace preseal
