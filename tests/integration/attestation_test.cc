// SPDX-License-Identifier: Apache-2.0
// The agent's TPM adapter against the server's verifier, over a real software TPM: what one makes,
// the other must accept, and only that.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "agent/adapters/tpm/tpm.h"
#include "common/crypto/random.h"
#include "common/tpmwire/binding.h"
#include "common/tpmwire/make_credential.h"
#include "common/tpmwire/name.h"
#include "server/domain/attestation/attestation_verifier.h"
#include "server/domain/attestation/seal_quote.h"
#include "tests/support/child_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/swtpm.h"
#include "tests/support/temp_dir.h"

namespace preseal {
namespace {

class AttestationTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(const auto authority,
                         test::EkAuthority::Create(dir_.path().string(), "Bench EK CA"));
    ASSERT_OK(test::ManufactureTpm(dir_.File("state"), authority));
    ASSERT_OK_AND_ASSIGN(swtpm_, test::Swtpm::Start(dir_.File("state"), dir_.File("sock")));
    ASSERT_OK_AND_ASSIGN(tpm_, agent::Tpm::Open({.tcti = swtpm_->tcti(), .ek_kind = GetParam()}));
    std::ifstream pem(authority.certificate_file());
    const std::string text((std::istreambuf_iterator<char>(pem)), {});
    ASSERT_OK_AND_ASSIGN(const auto root, crypto::Certificate::FromPem(text));
    trust_.lab_roots = {root};
    FillContext();
  }

  void FillContext() {
    context_.session_id = crypto::RandomBytes(16).value();
    context_.nonce = crypto::RandomBytes(32).value();
    context_.pcrs = {tpmwire::SelectPcrs(tpmwire::HashAlg::kSha1, {0, 1, 2, 3, 4, 5, 6, 7}),
                     tpmwire::SelectPcrs(tpmwire::HashAlg::kSha256, {0, 1, 2, 3, 4, 5, 6, 7})};
    context_.now = std::chrono::system_clock::now();
    // A software TPM without firmware keeps no log.
    policy_.event_log = server::EventLogUse::kIfSent;
    context_.policy = &policy_;
    context_.trust = &trust_;
    context_.record.device_id = "D-1";
  }

  // The agent's half, as enrolment does it.
  void TakeEvidence() {
    ASSERT_OK_AND_ASSIGN(ek_, tpm_->ReadEndorsementKey());
    ASSERT_OK_AND_ASSIGN(ak_, tpm_->CreateAk(Bytes(32, 0xA1)));
    ASSERT_OK_AND_ASSIGN(const auto device_key, tpm_->CreateDeviceKey(Bytes(32, 0xB2)));
    evidence_.ek_certificate = ek_.certificate;
    evidence_.ek_chain = ek_.chain;
    evidence_.ek_public = ek_.key->public_area();
    evidence_.ak_public = ak_->public_area();
    evidence_.device_key_public = device_key->public_area();
    evidence_.claims = ToBytes("claims");
    ASSERT_OK_AND_ASSIGN(const auto properties, tpm_->ReadProperties());
    evidence_.claimed_tpm = {properties.manufacturer, properties.vendor_string,
                             properties.firmware_version};
    const auto binding = Binding();
    ASSERT_OK_AND_ASSIGN(const auto certify,
                         tpm_->Certify(*device_key, *ak_, tpmwire::CertifyQualifyingData(binding)));
    ASSERT_OK_AND_ASSIGN(const auto quote,
                         tpm_->Quote(*ak_, tpmwire::QuoteQualifyingData(binding), context_.pcrs));
    ASSERT_OK_AND_ASSIGN(evidence_.pcr_values, tpm_->ReadPcrs(context_.pcrs));
    evidence_.certify_attest = certify.attest;
    evidence_.certify_signature = certify.signature;
    evidence_.quote_attest = quote.attest;
    evidence_.quote_signature = quote.signature;
  }

  tpmwire::Sha256Digest Binding() const {
    const Bytes ak_name = NameOf(tpmwire::ParsePublic(evidence_.ak_public).value());
    const Bytes key_name = NameOf(tpmwire::ParsePublic(evidence_.device_key_public).value());
    return tpmwire::ComputeBinding(
        {context_.session_id, context_.nonce, context_.server_leaf_sha256, evidence_.ek_public,
         evidence_.ek_certificate, ak_name, key_name, evidence_.event_log, evidence_.claims});
  }

  server::AttestationVerdict Verify() { return server::VerifyAttestation(evidence_, context_); }

  // A quote for a seal, judged against what `facts` say of the enrolment.
  StatusOr<server::SealQuoteVerdict> SealQuote(const server::AttestedFacts& facts) {
    const Bytes nonce = crypto::RandomBytes(32).value();
    ASSIGN_OR_RETURN(const auto quote, tpm_->Quote(*ak_, nonce, context_.pcrs));
    const server::EnrolledBootState enrolled{facts.ak_name, facts.quote_selections,
                                             facts.pcr_digest, facts.firmware_version,
                                             facts.reset_count};
    return server::VerifySealQuote(enrolled, ak_->public_area(), quote.attest, quote.signature,
                                   nonce);
  }

  const test::TempDir dir_;
  std::unique_ptr<test::Swtpm> swtpm_;
  std::unique_ptr<agent::Tpm> tpm_;
  server::AttestationPolicy policy_;
  server::TrustBundle trust_;
  server::AttestationContext context_;
  server::AttestationEvidence evidence_;
  agent::EndorsementKey ek_;
  std::unique_ptr<agent::TpmKey> ak_;
};

TEST_P(AttestationTest, ATpmOfTheLabIsAcceptedActivatedAndSealed) {
  ASSERT_NO_FATAL_FAILURE(TakeEvidence());
  const auto verdict = Verify();
  ASSERT_TRUE(verdict.accepted()) << server::NameOf(verdict.code) << ": " << verdict.seen;
  EXPECT_TRUE(verdict.facts->lab);

  const Bytes secret = crypto::RandomBytes(32).value();
  const tpmwire::PublicArea& ek = verdict.facts->ek_public;
  ASSERT_OK_AND_ASSIGN(
      const auto credential,
      tpmwire::MakeCredential(ek, verdict.facts->ak_name, secret,
                              crypto::RandomBytes(tpmwire::CredentialRandomBytes(ek)).value()));
  ASSERT_OK_AND_ASSIGN(
      const Secret opened,
      tpm_->ActivateCredential(*ak_, ek_, credential.credential_blob, credential.encrypted_secret));
  EXPECT_EQ(ToBytes(opened.Reveal()), secret);

  ASSERT_OK_AND_ASSIGN(const auto same, SealQuote(*verdict.facts));
  EXPECT_TRUE(same.accepted()) << server::NameOf(same.code) << ": " << same.seen;
}

TEST_P(AttestationTest, AMeasurementAfterEnrolmentBlocksTheSeal) {
  ASSERT_NO_FATAL_FAILURE(TakeEvidence());
  const auto verdict = Verify();
  ASSERT_TRUE(verdict.accepted()) << server::NameOf(verdict.code) << ": " << verdict.seen;
  ASSERT_OK(
      test::RunTool({"tpm2_pcrextend", "-T", swtpm_->tcti(), "7:sha256=" + std::string(64, 'a')},
                    dir_.File("log")));
  ASSERT_OK_AND_ASSIGN(const auto changed, SealQuote(*verdict.facts));
  EXPECT_EQ(changed.code, server::SealQuoteCode::kPcrChanged);
}

TEST_P(AttestationTest, ATpmOfTheLabIsRefusedAsAMakersTpm) {
  std::swap(trust_.roots, trust_.lab_roots);
  ASSERT_NO_FATAL_FAILURE(TakeEvidence());
  EXPECT_EQ(Verify().code, server::RefusalCode::kTpmIsVirtual);
}

TEST_P(AttestationTest, ATpmOfAnotherAuthorityIsUntrusted) {
  trust_.lab_roots.clear();
  ASSERT_NO_FATAL_FAILURE(TakeEvidence());
  EXPECT_EQ(Verify().code, server::RefusalCode::kEkChainUntrusted);
}

TEST_P(AttestationTest, EvidenceOfOneSessionIsRefusedInAnother) {
  ASSERT_NO_FATAL_FAILURE(TakeEvidence());
  context_.nonce[0] ^= 1;
  EXPECT_EQ(Verify().code, server::RefusalCode::kCertifyNonce);
}

INSTANTIATE_TEST_SUITE_P(EkKinds, AttestationTest, testing::Values("L-1 RSA-2048", "H-3 P-384"),
                         [](const auto& info) {
                           return std::string(info.param).substr(4, 3) == "RSA" ? "Rsa2048"
                                                                                : "P384";
                         });

}  // namespace
}  // namespace preseal
