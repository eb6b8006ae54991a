// SPDX-License-Identifier: Apache-2.0
#include "common/crypto/certificate_renewal.h"

#include "common/crypto/pki_fixture.h"

namespace preseal::crypto {
namespace {

using test::Days;
using test::kDay;
using test::kNow;
using test::ValueOrDie;

class CertificateRenewalTest : public testing::Test {
 protected:
  Certificate Leaf(int from, int to) {
    return ValueOrDie(
        IssueDevice(test::GoodDevice(), Days(from, to), key_.public_key(), ca_.ref()));
  }
  test::TestCa ca_;
  PrivateKey key_ = ValueOrDie(PrivateKey::GenerateP256());
};

TEST_F(CertificateRenewalTest, IsDueAfterTwoThirdsOfTheValidity) {
  const Certificate leaf = Leaf(0, 300);
  EXPECT_EQ(RenewalTime(leaf), kNow + 200 * kDay);
  EXPECT_FALSE(RenewalDue(leaf, kNow + 200 * kDay - std::chrono::seconds(1)));
  EXPECT_TRUE(RenewalDue(leaf, kNow + 200 * kDay));
}

TEST_F(CertificateRenewalTest, IsNotDueBeforeTheValidityBegins) {
  EXPECT_FALSE(RenewalDue(Leaf(10, 300), kNow));
}

TEST_F(CertificateRenewalTest, StaysDueAfterTheEnd) {
  EXPECT_TRUE(RenewalDue(Leaf(-9, 30), kNow + 31 * kDay));
}

}  // namespace
}  // namespace preseal::crypto
