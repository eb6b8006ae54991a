// SPDX-License-Identifier: Apache-2.0
#include "common/crypto/encoding.h"

#include "tests/support/status_matchers.h"

namespace preseal::crypto {
namespace {

using preseal::test::StatusIs;

TEST(EncodingTest, MatchesRfc4648Vectors) {
  const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(Base64Encode(AsBytes(plain)), encoded);
    ASSERT_OK_AND_ASSIGN(const Bytes decoded, Base64Decode(encoded));
    EXPECT_EQ(AsText(decoded), plain);
  }
}

TEST(EncodingTest, UrlFormHasItsOwnAlphabetAndNoPadding) {
  const Bytes bytes = {0xFB, 0xEF, 0xFF, 0x01};
  EXPECT_EQ(Base64UrlEncode(bytes), "--__AQ");
  ASSERT_OK_AND_ASSIGN(const Bytes decoded, Base64UrlDecode("--__AQ"));
  EXPECT_EQ(decoded, bytes);
}

TEST(EncodingTest, EveryByteSurvivesBothForms) {
  Bytes all(256);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint8_t>(i);
  ASSERT_OK_AND_ASSIGN(const Bytes standard, Base64Decode(Base64Encode(all)));
  ASSERT_OK_AND_ASSIGN(const Bytes url, Base64UrlDecode(Base64UrlEncode(all)));
  EXPECT_EQ(standard, all);
  EXPECT_EQ(url, all);
}

class BadStandardText : public testing::TestWithParam<std::string_view> {};
TEST_P(BadStandardText, IsRefused) {
  EXPECT_THAT(Base64Decode(GetParam()), StatusIs(StatusCode::kInvalidArgument));
}
INSTANTIATE_TEST_SUITE_P(EncodingTest, BadStandardText,
                         testing::Values("Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zm9v\n", "Zm 9v",
                                         "Zh==", "Zm9=", "-_-_"));

class BadUrlText : public testing::TestWithParam<std::string_view> {};
TEST_P(BadUrlText, IsRefused) {
  EXPECT_THAT(Base64UrlDecode(GetParam()), StatusIs(StatusCode::kInvalidArgument));
}
INSTANTIATE_TEST_SUITE_P(EncodingTest, BadUrlText,
                         testing::Values("Zg==", "Z", "Zh", "+/+/", "Zm9v\n", " Zm9v"));

}  // namespace
}  // namespace preseal::crypto
