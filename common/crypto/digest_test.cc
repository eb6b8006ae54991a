// SPDX-License-Identifier: Apache-2.0
#include "common/crypto/digest.h"

#include "common/crypto/random.h"
#include "tests/support/status_matchers.h"

namespace preseal::crypto {
namespace {

using preseal::test::StatusIs;

TEST(DigestTest, MatchesPublishedVectors) {
  // FIPS 180-4 examples for "abc".
  EXPECT_EQ(ToHex(Hash(HashAlg::kSha1, AsBytes("abc"))),
            "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(ToHex(Sha256(AsBytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(ToHex(Hash(HashAlg::kSha384, AsBytes("abc"))),
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
            "8086072ba1e7cc2358baeca134c825a7");
  EXPECT_EQ(ToHex(Hash(HashAlg::kSha512, AsBytes("abc"))).substr(0, 32),
            "ddaf35a193617abacc417349ae204131");
  EXPECT_EQ(ToHex(Sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(DigestTest, StreamEqualsOneShotAndStartsAnew) {
  Sha256Stream stream;
  stream.Update(AsBytes("a"));
  stream.Update(AsBytes("bc"));
  EXPECT_EQ(stream.Finish(), Sha256(AsBytes("abc")));
  stream.Update(AsBytes("x"));
  EXPECT_EQ(stream.Finish(), Sha256(AsBytes("x")));
}

TEST(DigestTest, HmacMatchesRfc4231AndTakesAnEmptyKey) {
  EXPECT_EQ(ToHex(HmacSha256(AsBytes("Jefe"), AsBytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(ToHex(HmacSha256({}, {})),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(DigestTest, HkdfMatchesRfc5869) {
  const Bytes key(22, 0x0b);
  ASSERT_OK_AND_ASSIGN(const Bytes salt, FromHex("000102030405060708090a0b0c"));
  ASSERT_OK_AND_ASSIGN(const Bytes info, FromHex("f0f1f2f3f4f5f6f7f8f9"));
  ASSERT_OK_AND_ASSIGN(const Secret out, HkdfSha256(key, salt, info, 42));
  EXPECT_EQ(ToHex(out.Reveal()),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
            "34007208d5b887185865");
  ASSERT_OK_AND_ASSIGN(const Secret unsalted, HkdfSha256(key, {}, {}, 42));
  EXPECT_EQ(ToHex(unsalted.Reveal()),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
            "9d201395faa4b61a96c8");
}

TEST(DigestTest, HkdfRefusesLengthsOutsideTheStandard) {
  EXPECT_THAT(HkdfSha256({}, {}, {}, 0), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(HkdfSha256({}, {}, {}, 8161), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_OK(HkdfSha256({}, {}, {}, 8160));
}

TEST(RandomTest, GivesTheAskedLengthAndDiffers) {
  ASSERT_OK_AND_ASSIGN(const Bytes first, RandomBytes(32));
  ASSERT_OK_AND_ASSIGN(const Bytes second, RandomBytes(32));
  EXPECT_EQ(first.size(), 32u);
  EXPECT_NE(first, second);
  EXPECT_THAT(RandomBytes(1024 * 1024 + 1), StatusIs(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace preseal::crypto
