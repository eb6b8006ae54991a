// SPDX-License-Identifier: Apache-2.0
#include "server/service/enrollment/order_code.h"

#include <gtest/gtest.h>

namespace preseal::server {
namespace {

std::string Digest(std::string_view text) {
  const auto typed = ParseOrderCode(text);
  return typed ? typed->code_id + " " + ToHex(OrderCodeDigest(typed->secret)) : "";
}

TEST(OrderCodeTest, IsFiveGroupsOfFiveAndDiffersWithItsBits) {
  Bytes random(kOrderCodeRandomBytes, 0);
  EXPECT_EQ(FormatOrderCode(random), "00000-00000-00000-00000-00000");
  random.assign(kOrderCodeRandomBytes, 0xFF);
  EXPECT_EQ(FormatOrderCode(random), "ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ");
  random[0] = 0x07;
  EXPECT_EQ(FormatOrderCode(random).substr(0, 5), "0ZZZZ");
}

TEST(OrderCodeTest, ReadsWhatPeopleType) {
  const std::string good = Digest("10ABC-DEFGH-JKMNP-QRSTV-WXYZ9");
  ASSERT_FALSE(good.empty());
  EXPECT_EQ(Digest("10abcdefghjkmnpqrstvwxyz9"), good);
  EXPECT_EQ(Digest("IOabc defgh jkmnp qrstv wxyz9"), good);
  EXPECT_EQ(Digest("lo-ABCDEFGHJKMNPQRSTVWXYZ9"), good);
  EXPECT_NE(Digest("10ABC-DEFGH-JKMNP-QRSTV-WXYZ8"), good);
}

TEST(OrderCodeTest, RefusesWhatCannotBeOne) {
  for (const std::string& text :
       {std::string(), std::string("10ABC-DEFGH-JKMNP-QRSTV-WXYZ"),
        std::string("10ABC-DEFGH-JKMNP-QRSTV-WXYZ99"), std::string("10ABC-DEFGH-JKMNP-QRSTV-WXYZU"),
        std::string("10ABC-DEFGH-JKMNP-QRSTV-WXY\n9"), std::string(100'000, '0')}) {
    EXPECT_FALSE(ParseOrderCode(text)) << text.substr(0, 40);
  }
}

}  // namespace
}  // namespace preseal::server
