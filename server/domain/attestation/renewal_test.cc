// SPDX-License-Identifier: Apache-2.0
#include "server/domain/attestation/renewal.h"

#include <gtest/gtest.h>

#include "common/tpmwire/binding.h"
#include "common/tpmwire/name.h"
#include "common/tpmwire/templates.h"
#include "tests/support/attestation_fixture.h"
#include "tests/support/status_matchers.h"

namespace preseal::server {
namespace {

using tpmwire::Attest;

// Good statements by real keys; each test spoils one thing.
class RenewalTest : public testing::Test {
 protected:
  RenewalTest() {
    enrolled_.ak_name = tpmwire::NameOf(ak_);
    enrolled_.selections = {tpmwire::SelectPcrs(tpmwire::HashAlg::kSha256, {0, 7})};
    enrolled_.pcr_digest = Bytes(32, 0xD1);
    enrolled_.firmware_version = 42;
    quote_.header = {tpmwire::kTpmGenerated, tpmwire::kAttestQuote};
    quote_.qualified_signer = tpmwire::QualifiedNameOf(tpmwire::kHierarchyEndorsement, ak_);
    const auto quote_data = tpmwire::QuoteQualifyingData(binding_);
    quote_.extra_data = Bytes(quote_data.begin(), quote_data.end());
    quote_.clock = {.clock = 9000, .reset_count = 3, .restart_count = 1, .safe = true};
    quote_.firmware_version = 42;
    quote_.body = tpmwire::QuoteInfo{enrolled_.selections, enrolled_.pcr_digest};
    certify_ = quote_;
    certify_.header.type = tpmwire::kAttestCertify;
    const auto certify_data = tpmwire::CertifyQualifyingData(binding_);
    certify_.extra_data = Bytes(certify_data.begin(), certify_data.end());
    certify_.body =
        tpmwire::CertifyInfo{tpmwire::NameOf(device_key_),
                             tpmwire::QualifiedNameOf(tpmwire::kHierarchyOwner, device_key_)};
  }

  RenewalStatement Sign() const {
    RenewalStatement statement;
    statement.ak_public = tpmwire::MarshalPublic(ak_);
    statement.device_key_public = tpmwire::MarshalPublic(device_key_);
    statement.certify_attest = tpmwire::MarshalAttest(certify_);
    statement.certify_signature = test::SignAttest(statement.certify_attest, key_);
    statement.quote_attest = tpmwire::MarshalAttest(quote_);
    statement.quote_signature = test::SignAttest(statement.quote_attest, key_);
    return statement;
  }
  std::string Judge(const RenewalStatement& statement) const {
    const auto verdict =
        VerifyRenewal(enrolled_, tpmwire::MarshalPublic(device_key_), statement, binding_);
    EXPECT_EQ(verdict.accepted(), SentenceOf(verdict).empty());
    EXPECT_EQ(verdict.accepted(), RemedyOf(verdict).empty());
    return std::string(CodeOf(verdict));
  }
  std::string Judge() const { return Judge(Sign()); }
  tpmwire::CertifyInfo& Info() { return std::get<tpmwire::CertifyInfo>(certify_.body); }

  const crypto::PrivateKey key_ = crypto::PrivateKey::GenerateP256().value();
  const crypto::PrivateKey device_private_ = crypto::PrivateKey::GenerateP256().value();
  tpmwire::PublicArea ak_ = test::WithKey(tpmwire::AkTemplate({}), key_.public_key());
  tpmwire::PublicArea device_key_ =
      test::WithKey(tpmwire::DeviceKeyTemplate({}), device_private_.public_key());
  const tpmwire::Sha256Digest binding_ =
      tpmwire::ComputeRenewalBinding("D-1", Bytes(32, 1), Bytes(32, 2));
  EnrolledBootState enrolled_;
  Attest quote_;
  Attest certify_;
};

TEST_F(RenewalTest, AcceptsTheSameKeyAndTheSameBoot) { EXPECT_EQ(Judge(), ""); }

TEST_F(RenewalTest, RefusesAnotherAk) {
  enrolled_.ak_name.back() ^= 1;
  EXPECT_EQ(Judge(), "AK_CHANGED");
}

TEST_F(RenewalTest, RefusesABootThatDrifted) {
  std::get<tpmwire::QuoteInfo>(quote_.body).pcr_digest[0] ^= 1;
  EXPECT_EQ(Judge(), "PCR_CHANGED");
}

TEST_F(RenewalTest, RefusesAQuoteOfAnotherOrder) {
  quote_.extra_data[0] ^= 1;
  EXPECT_EQ(Judge(), "QUOTE_NONCE");
}

TEST_F(RenewalTest, RefusesAnotherDeviceKeyEvenIfItIsCertified) {
  RenewalStatement statement = Sign();
  const auto other = test::WithKey(device_key_, crypto::PrivateKey::GenerateP256()->public_key());
  statement.device_key_public = tpmwire::MarshalPublic(other);
  EXPECT_EQ(Judge(statement), "DEVICE_KEY_CHANGED");
}

TEST_F(RenewalTest, RefusesACertifySignatureByAnotherKey) {
  RenewalStatement statement = Sign();
  statement.certify_signature = test::SignAttest(statement.certify_attest, device_private_);
  EXPECT_EQ(Judge(statement), "CERTIFY_SIGNATURE");
}

TEST_F(RenewalTest, RefusesACertifyNoTpmMade) {
  certify_.header.magic = 1;
  EXPECT_EQ(Judge(), "CERTIFY_MAGIC");
}

TEST_F(RenewalTest, RefusesTheQuoteInPlaceOfACertify) {
  RenewalStatement statement = Sign();
  statement.certify_attest = statement.quote_attest;
  statement.certify_signature = statement.quote_signature;
  EXPECT_EQ(Judge(statement), "CERTIFY_TYPE");
}

TEST_F(RenewalTest, RefusesACertifyWithANameTooLongToBeOne) {
  Info().name = Bytes(200, 1);
  EXPECT_EQ(Judge(), "CERTIFY_MALFORMED");
}

TEST_F(RenewalTest, RefusesACertifyByAKeyOfTheOwnerHierarchy) {
  certify_.qualified_signer = tpmwire::QualifiedNameOf(tpmwire::kHierarchyOwner, ak_);
  EXPECT_EQ(Judge(), "CERTIFY_SIGNER");
}

// The enrolment's, kept by the device: bound to another order.
TEST_F(RenewalTest, RefusesACertifyOfAnotherOrder) {
  const auto other = tpmwire::CertifyQualifyingData(
      tpmwire::ComputeRenewalBinding("D-1", Bytes(32, 9), Bytes(32, 2)));
  certify_.extra_data = Bytes(other.begin(), other.end());
  EXPECT_EQ(Judge(), "CERTIFY_NONCE");
}

TEST_F(RenewalTest, RefusesACertifyOfAnotherKey) {
  Info().name.back() ^= 1;
  EXPECT_EQ(Judge(), "CERTIFY_NAME");
}

TEST_F(RenewalTest, RefusesADeviceKeyOfTheEndorsementHierarchy) {
  Info().qualified_name = tpmwire::QualifiedNameOf(tpmwire::kHierarchyEndorsement, device_key_);
  EXPECT_EQ(Judge(), "DEVICE_KEY_HIERARCHY");
}

TEST_F(RenewalTest, EvidenceCoversEveryPart) {
  const RenewalStatement good = Sign();
  const Bytes whole = RenewalEvidence("D-1", Bytes(32, 2), Bytes(32, 1), Bytes(32, 3), good);
  EXPECT_NE(RenewalEvidence("D-2", Bytes(32, 2), Bytes(32, 1), Bytes(32, 3), good), whole);
  EXPECT_NE(RenewalEvidence("D-1", Bytes(32, 9), Bytes(32, 1), Bytes(32, 3), good), whole);
  EXPECT_NE(RenewalEvidence("D-1", Bytes(32, 2), Bytes(32, 9), Bytes(32, 3), good), whole);
  EXPECT_NE(RenewalEvidence("D-1", Bytes(32, 2), Bytes(32, 1), Bytes(32, 9), good), whole);
  for (const auto part : {&RenewalStatement::ak_public, &RenewalStatement::device_key_public,
                          &RenewalStatement::certify_attest, &RenewalStatement::certify_signature,
                          &RenewalStatement::quote_attest, &RenewalStatement::quote_signature}) {
    RenewalStatement changed = good;
    (changed.*part)[0] ^= 1;
    EXPECT_NE(RenewalEvidence("D-1", Bytes(32, 2), Bytes(32, 1), Bytes(32, 3), changed), whole);
  }
}

}  // namespace
}  // namespace preseal::server
