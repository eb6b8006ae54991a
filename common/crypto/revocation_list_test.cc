// SPDX-License-Identifier: Apache-2.0
#include "common/crypto/revocation_list.h"

#include <gtest/gtest.h>

#include "common/base/limits.h"
#include "common/crypto/crl.h"
#include "common/crypto/encoding.h"
#include "common/crypto/pki_fixture.h"
#include "tests/support/status_matchers.h"

namespace preseal::crypto::test {
namespace {

using preseal::test::StatusIs;

class RevocationListTest : public testing::Test {
 protected:
  Bytes Issue(std::vector<RevokedSerial> revoked = {{"1f", kNow}, {"00ff", kNow}}) const {
    CrlSpec spec{7, kNow - kDay, kNow + kDay, std::move(revoked)};
    return ValueOrDie(IssueCrl(spec, ca_.ref()));
  }
  const TestCa ca_{"Maker CA"};
};

TEST_F(RevocationListTest, ReadsWhoWhenAndWhom) {
  const auto list = ValueOrDie(RevocationList::FromDer(Issue()));
  EXPECT_EQ(list.issuer(), ca_.certificate.subject());
  EXPECT_EQ(list.number_hex(), "7");
  EXPECT_EQ(list.this_update(), kNow - kDay);
  EXPECT_EQ(list.next_update(), kNow + kDay);
  EXPECT_EQ(list.size(), 2u);
  EXPECT_TRUE(list.Revokes("1f"));
  EXPECT_TRUE(list.Revokes("ff"));  // as Certificate::serial_hex writes it
  EXPECT_FALSE(list.Revokes("1e"));
  EXPECT_TRUE(list.Covers(true));
  EXPECT_TRUE(list.Covers(false));
}

TEST_F(RevocationListTest, ReadsPemAlike) {
  const Bytes der = Issue();
  const std::string pem =
      "-----BEGIN X509 CRL-----\n" + Base64Encode(der) + "\n-----END X509 CRL-----\n";
  EXPECT_EQ(ValueOrDie(RevocationList::Parse(AsBytes(pem))).der(), der);
  EXPECT_EQ(ValueOrDie(RevocationList::Parse(der)).der(), der);
}

TEST_F(RevocationListTest, IsCurrentBetweenItsTwoDatesOnly) {
  const auto list = ValueOrDie(RevocationList::FromDer(Issue()));
  EXPECT_FALSE(list.IsCurrentAt(kNow - 2 * kDay));
  EXPECT_TRUE(list.IsCurrentAt(kNow));
  EXPECT_FALSE(list.IsCurrentAt(kNow + 2 * kDay));
}

TEST_F(RevocationListTest, IsSignedByItsIssuerAndByNobodyOfThatName) {
  const auto list = ValueOrDie(RevocationList::FromDer(Issue()));
  EXPECT_TRUE(list.IsSignedBy(ca_.certificate));
  EXPECT_FALSE(list.IsSignedBy(TestCa("Maker CA").certificate));
  EXPECT_FALSE(list.IsSignedBy(TestCa("Other CA").certificate));
}

TEST_F(RevocationListTest, AFlippedBitEverywhereIsRefusedOrUnsigned) {
  const Bytes good = Issue();
  for (size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= 0x01;
    const auto list = RevocationList::FromDer(bad);
    EXPECT_FALSE(list.ok() && list->IsSignedBy(ca_.certificate)) << "byte " << i;
  }
}

TEST_F(RevocationListTest, ATruncatedListIsRefusedAtEveryLength) {
  const Bytes good = Issue();
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_THAT(RevocationList::FromDer(ByteView(good).first(length)),
                StatusIs(StatusCode::kInvalidArgument));
  }
}

TEST_F(RevocationListTest, RefusesABytePastTheEndAndForeignPem) {
  Bytes longer = Issue();
  longer.push_back(0);
  EXPECT_THAT(RevocationList::FromDer(longer), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(RevocationList::Parse(AsBytes(ca_.certificate.ToPem())),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(RevocationListTest, RefusesAListBeyondTheLimit) {
  EXPECT_THAT(RevocationList::FromDer(Bytes(kCrlBytesMax + 1, 0x30)),
              StatusIs(StatusCode::kResourceExhausted));
}

}  // namespace
}  // namespace preseal::crypto::test
