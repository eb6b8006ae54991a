// SPDX-License-Identifier: Apache-2.0
#include "common/tpmwire/ek_certificate.h"

#include <gtest/gtest.h>

#include "common/base/limits.h"
#include "common/tpmwire/der.h"
#include "common/tpmwire/writer.h"
#include "tests/support/status_matchers.h"
#include "tests/support/testdata.h"

namespace preseal::tpmwire {
namespace {

using test::StatusIs;

class NvCertificateTest : public testing::Test {
 protected:
  Bytes Followed(ByteView tail) const {
    Bytes bytes = der_;
    bytes.insert(bytes.end(), tail.begin(), tail.end());
    return bytes;
  }
  Bytes WithHeader(uint16_t size) const {
    return Writer().U16(0x1001).U8(0).U16(size).U16(0x1002).Raw(der_).Take();
  }

  const Bytes der_ = der::Tlv(der::kSequence, Bytes(300, 0x42));
};

TEST_F(NvCertificateTest, TakesABareCertificate) {
  ASSERT_OK_AND_ASSIGN(const NvCertificate found, UnwrapNvCertificate(der_));
  EXPECT_EQ(ToBytes(found.der), der_);
  EXPECT_FALSE(found.had_tcg_header);
  EXPECT_EQ(found.padding_bytes, 0u);
}

TEST_F(NvCertificateTest, DropsUniformPadding) {
  const Bytes nv = Followed(Bytes(431, 0xFF));
  ASSERT_OK_AND_ASSIGN(const NvCertificate found, UnwrapNvCertificate(nv));
  EXPECT_EQ(ToBytes(found.der), der_);
  EXPECT_EQ(found.padding_bytes, 431u);
  EXPECT_EQ(found.padding_value, 0xFF);
}

TEST_F(NvCertificateTest, StripsTheTcgHeader) {
  const Bytes nv = WithHeader(static_cast<uint16_t>(der_.size() + 2));
  ASSERT_OK_AND_ASSIGN(const NvCertificate found, UnwrapNvCertificate(nv));
  EXPECT_EQ(ToBytes(found.der), der_);
  EXPECT_TRUE(found.had_tcg_header);
}

TEST_F(NvCertificateTest, RefusesASecondCertificateInThePadding) {
  EXPECT_THAT(UnwrapNvCertificate(Followed(der_)),
              StatusIs(StatusCode::kInvalidArgument, "mixed bytes"));
}

TEST_F(NvCertificateTest, RefusesMixedPadding) {
  EXPECT_THAT(UnwrapNvCertificate(Followed(Bytes{0xFF, 0xFF, 0x00})),
              StatusIs(StatusCode::kInvalidArgument, "mixed bytes"));
}

TEST_F(NvCertificateTest, RefusesAHeaderLongerThanTheData) {
  EXPECT_THAT(UnwrapNvCertificate(WithHeader(static_cast<uint16_t>(der_.size() + 3))),
              StatusIs(StatusCode::kInvalidArgument, "TCG header"));
}

TEST_F(NvCertificateTest, RefusesAnEmptyOrErasedIndex) {
  EXPECT_THAT(UnwrapNvCertificate({}), StatusIs(StatusCode::kInvalidArgument, "empty"));
  EXPECT_THAT(UnwrapNvCertificate(Bytes(1600, 0xFF)), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(UnwrapNvCertificate(Bytes(1600, 0x00)), StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(NvCertificateTest, RefusesEveryTruncation) {
  for (size_t size = 0; size < der_.size(); ++size) {
    EXPECT_THAT(UnwrapNvCertificate(ByteView(der_).first(size)),
                StatusIs(StatusCode::kInvalidArgument))
        << size;
  }
}

TEST_F(NvCertificateTest, RefusesIndefiniteAndPaddedLengths) {
  const Bytes indefinite = {0x30, 0x80, 0x05, 0x00, 0x00, 0x00};
  EXPECT_THAT(UnwrapNvCertificate(indefinite),
              StatusIs(StatusCode::kInvalidArgument, "indefinite"));
  const Bytes not_minimal = {0x30, 0x81, 0x02, 0x05, 0x00};
  EXPECT_THAT(UnwrapNvCertificate(not_minimal), StatusIs(StatusCode::kInvalidArgument, "minimal"));
}

TEST_F(NvCertificateTest, RefusesPem) {
  EXPECT_THAT(UnwrapNvCertificate(AsBytes("-----BEGIN CERTIFICATE-----\nMIIB")),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(NvCertificateTest, RefusesMoreThanTheLimit) {
  EXPECT_THAT(UnwrapNvCertificate(Followed(Bytes(kEkCertificateBytesMax, 0xFF))),
              StatusIs(StatusCode::kInvalidArgument, "at most"));
}

TEST(NvCertificateSamplesTest, UnwrapsRealNvContents) {
  PRESEAL_SKIP_WITHOUT_TESTDATA();
  const Bytes stm = test::ReadTestdata("ekcerts/stm_st33_rsa_ff_padding.nv");
  ASSERT_OK_AND_ASSIGN(const NvCertificate padded, UnwrapNvCertificate(stm));
  EXPECT_EQ(padded.der.size(), 1169u);
  EXPECT_EQ(padded.padding_bytes, 431u);
  const Bytes nuc = test::ReadTestdata("ekcerts/hirs_nuc1_ek_tcg_header_tpm12.nv");
  ASSERT_OK_AND_ASSIGN(const NvCertificate headed, UnwrapNvCertificate(nuc));
  EXPECT_TRUE(headed.had_tcg_header);
  EXPECT_EQ(headed.der.size(), 1122u);
}

}  // namespace
}  // namespace preseal::tpmwire
