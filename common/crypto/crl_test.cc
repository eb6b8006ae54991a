// SPDX-License-Identifier: Apache-2.0
#include "common/crypto/crl.h"

#include <gmock/gmock.h>

#include "common/base/limits.h"
#include "common/crypto/pki_fixture.h"

namespace preseal::crypto {
namespace {

using preseal::test::StatusIs;
using test::kDay;
using test::kNow;
using test::ValueOrDie;

class CrlTest : public testing::Test {
 protected:
  CrlSpec Spec(std::vector<RevokedSerial> revoked) {
    return {1, kNow, kNow + kDay, std::move(revoked)};
  }
  test::TestCa ca_;
};

TEST_F(CrlTest, RepeatedSerialCountsOnce) {
  const Bytes once = ValueOrDie(IssueCrl(Spec({{"1f", kNow}}), ca_.ref()));
  const Bytes twice = ValueOrDie(IssueCrl(Spec({{"1f", kNow}, {"001F", kNow}}), ca_.ref()));
  // ECDSA signatures vary by a few bytes, an entry has more than 15.
  EXPECT_LT(twice.size(), once.size() + 6);
}

TEST_F(CrlTest, RefusesBadSerials) {
  for (const std::string& serial :
       {std::string(), std::string("xy"), std::string("-1f"), std::string(42, '1')}) {
    EXPECT_THAT(IssueCrl(Spec({{serial, kNow}}), ca_.ref()),
                StatusIs(StatusCode::kInvalidArgument, "serial"))
        << serial;
  }
}

TEST_F(CrlTest, RefusesAListThatEndsBeforeItBegins) {
  CrlSpec spec = Spec({});
  spec.next_update = spec.this_update;
  EXPECT_THAT(IssueCrl(spec, ca_.ref()), StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(CrlTest, RefusesAnotherIssuersKey) {
  const PrivateKey other = ValueOrDie(PrivateKey::GenerateP256());
  EXPECT_THAT(IssueCrl(Spec({}), {ca_.certificate, other}),
              StatusIs(StatusCode::kFailedPrecondition, "key"));
}

TEST_F(CrlTest, FullListStaysWithinItsBytes) {
  std::vector<RevokedSerial> revoked;
  for (size_t i = 0; i < kCrlEntriesMax; ++i) {
    // As long as ours: 16 bytes.
    const std::string number = std::to_string(1'000'000 + i);
    revoked.push_back({"4" + number + std::string(24, 'a'), kNow});
  }
  const Bytes der = ValueOrDie(IssueCrl(Spec(revoked), ca_.ref()));
  EXPECT_LE(der.size(), kCrlBytesMax);
  revoked.push_back({"01", kNow});
  EXPECT_THAT(IssueCrl(Spec(revoked), ca_.ref()), StatusIs(StatusCode::kResourceExhausted));
}

}  // namespace
}  // namespace preseal::crypto
