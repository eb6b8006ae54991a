// SPDX-License-Identifier: Apache-2.0
#include "server/domain/attestation/seal_quote.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "common/tpmwire/name.h"
#include "common/tpmwire/templates.h"
#include "tests/support/attestation_fixture.h"

namespace preseal::server {
namespace {

using Code = SealQuoteCode;
using tpmwire::Attest;

class SealQuoteTest : public testing::Test {
 protected:
  SealQuoteTest() {
    enrolled_.ak_name = tpmwire::NameOf(ak_);
    enrolled_.selections = {tpmwire::SelectPcrs(tpmwire::HashAlg::kSha256, {0, 7})};
    enrolled_.pcr_digest = Bytes(32, 0xD1);
    enrolled_.firmware_version = 42;
    enrolled_.reset_count = 3;
    quote_.header = {tpmwire::kTpmGenerated, tpmwire::kAttestQuote};
    quote_.qualified_signer = tpmwire::QualifiedNameOf(tpmwire::kHierarchyEndorsement, ak_);
    quote_.extra_data = nonce_;
    quote_.clock = {.clock = 9000, .reset_count = 3, .restart_count = 1, .safe = true};
    quote_.firmware_version = 42;
    quote_.body = tpmwire::QuoteInfo{enrolled_.selections, enrolled_.pcr_digest};
  }

  SealQuoteVerdict Verify() {
    attest_ = tpmwire::MarshalAttest(quote_);
    if (signature_.empty()) signature_ = test::SignAttest(attest_, key_);
    return VerifySealQuote(enrolled_, tpmwire::MarshalPublic(ak_), attest_, signature_, nonce_);
  }
  tpmwire::QuoteInfo& Info() { return std::get<tpmwire::QuoteInfo>(quote_.body); }

  const crypto::PrivateKey key_ = crypto::PrivateKey::GenerateP256().value();
  tpmwire::PublicArea ak_ = test::WithKey(tpmwire::AkTemplate({}), key_.public_key());
  EnrolledBootState enrolled_;
  Attest quote_;
  Bytes attest_;
  Bytes signature_;
  Bytes nonce_ = Bytes(32, 0x0E);
};

TEST_F(SealQuoteTest, AcceptsTheBootStateOfTheEnrolment) {
  const SealQuoteVerdict verdict = Verify();
  EXPECT_TRUE(verdict.accepted()) << NameOf(verdict.code) << verdict.seen;
  EXPECT_TRUE(verdict.findings.empty());
}

TEST_F(SealQuoteTest, ARebootSinceIsARemark) {
  quote_.clock.reset_count = 5;
  const SealQuoteVerdict verdict = Verify();
  EXPECT_TRUE(verdict.accepted());
  EXPECT_EQ(verdict.reset_count, 5u);
  EXPECT_EQ(verdict.findings.size(), 1u);
}

TEST_F(SealQuoteTest, RefusesAnotherAk) {
  enrolled_.ak_name[9] ^= 1;
  EXPECT_EQ(Verify().code, Code::kAkChanged);
}

TEST_F(SealQuoteTest, RefusesAnotherKeysSignature) {
  signature_ =
      test::SignAttest(tpmwire::MarshalAttest(quote_), crypto::PrivateKey::GenerateP256().value());
  EXPECT_EQ(Verify().code, Code::kQuoteSignature);
}

TEST_F(SealQuoteTest, RefusesAStatementNoTpmMade) {
  quote_.header.magic = 1;
  EXPECT_EQ(Verify().code, Code::kQuoteMagic);
}

TEST_F(SealQuoteTest, RefusesACertifyStatement) {
  quote_.header.type = tpmwire::kAttestCertify;
  quote_.body = tpmwire::CertifyInfo{};
  EXPECT_EQ(Verify().code, Code::kQuoteType);
}

TEST_F(SealQuoteTest, RefusesADigestTooLongToBeOne) {
  Info().pcr_digest = Bytes(65, 1);
  EXPECT_EQ(Verify().code, Code::kQuoteMalformed);
}

TEST_F(SealQuoteTest, RefusesAKeyOfTheOwnerHierarchy) {
  quote_.qualified_signer = tpmwire::QualifiedNameOf(tpmwire::kHierarchyOwner, ak_);
  EXPECT_EQ(Verify().code, Code::kQuoteSigner);
}

TEST_F(SealQuoteTest, RefusesAnotherNonce) {
  quote_.extra_data[0] ^= 1;
  EXPECT_EQ(Verify().code, Code::kQuoteNonce);
}

TEST_F(SealQuoteTest, RefusesFewerPcrs) {
  Info().selections = {tpmwire::SelectPcrs(tpmwire::HashAlg::kSha256, {0})};
  EXPECT_EQ(Verify().code, Code::kQuoteSelection);
}

TEST_F(SealQuoteTest, RefusesABankThatVanished) {
  Info().selections[0].mask.fill(0);
  EXPECT_EQ(Verify().code, Code::kQuoteSelection);
}

TEST_F(SealQuoteTest, RefusesAnUnsafeClock) {
  quote_.clock.safe = false;
  EXPECT_EQ(Verify().code, Code::kQuoteClockUnsafe);
}

TEST_F(SealQuoteTest, RefusesOtherFirmware) {
  quote_.firmware_version = 41;
  EXPECT_EQ(Verify().code, Code::kFirmwareChanged);
}

TEST_F(SealQuoteTest, RefusesAChangedBootState) {
  Info().pcr_digest[31] ^= 1;
  EXPECT_EQ(Verify().code, Code::kPcrChanged);
}

TEST_F(SealQuoteTest, AChangedBootStateIsNotHiddenByAnUnsafeClock) {
  quote_.clock.safe = false;
  Info().pcr_digest[31] ^= 1;
  EXPECT_EQ(Verify().code, Code::kPcrChanged);
}

TEST(SealQuoteCodeTest, OnlyAnUnsafeClockIsNoSignOfAnotherDevice) {
  EXPECT_FALSE(IsSignOfChange(Code::kNone));
  for (auto code = Code::kAkChanged; code < Code::kQuoteClockUnsafe;
       code = static_cast<Code>(static_cast<int>(code) + 1)) {
    EXPECT_TRUE(IsSignOfChange(code)) << NameOf(code);
  }
  EXPECT_FALSE(IsSignOfChange(Code::kQuoteClockUnsafe));
}

TEST(SealQuoteCodeTest, EveryCodeHasItsOwnNameAndSentence) {
  std::set<std::string_view> names;
  for (auto code = Code::kAkChanged; code <= Code::kQuoteClockUnsafe;
       code = static_cast<Code>(static_cast<int>(code) + 1)) {
    EXPECT_TRUE(names.insert(NameOf(code)).second);
    EXPECT_FALSE(NameOf(code).empty());
    EXPECT_FALSE(SentenceOf(code).empty());
  }
}

}  // namespace
}  // namespace preseal::server
