// SPDX-License-Identifier: Apache-2.0
#include "server/domain/attestation/attestation_verifier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "common/base/limits.h"
#include "common/tpmwire/binding.h"
#include "common/tpmwire/name.h"
#include "server/domain/attestation/attestation_checks.h"
#include "server/domain/attestation/spoiled_evidence.h"
#include "tests/support/attestation_fixture.h"
#include "tests/support/status_matchers.h"

namespace preseal::server {
namespace {

using test::AttestationFixture;
using Code = RefusalCode;

constexpr char kSan[] = "2.5.29.17";
constexpr auto kDay = 24h;

std::vector<Spoiled> AllSpoiled() {
  std::vector<Spoiled> all(SpoiledEks().begin(), SpoiledEks().end());
  all.insert(all.end(), SpoiledStatements().begin(), SpoiledStatements().end());
  all.insert(all.end(), SpoiledRecords().begin(), SpoiledRecords().end());
  return all;
}

class SpoiledEvidenceTest : public testing::TestWithParam<Spoiled> {};

TEST_P(SpoiledEvidenceTest, IsRefusedByTheCheckMadeForIt) {
  AttestationFixture fixture;
  GetParam().spoil(fixture);
  const AttestationVerdict verdict = fixture.Verify();
  EXPECT_FALSE(verdict.accepted());
  EXPECT_EQ(NameOf(verdict.code), NameOf(GetParam().code)) << verdict.seen;
  EXPECT_EQ(verdict.findings.back().number, GetParam().check) << verdict.seen;
  EXPECT_FALSE(verdict.seen.empty());
  EXPECT_FALSE(verdict.expected.empty());
}

INSTANTIATE_TEST_SUITE_P(OneThing, SpoiledEvidenceTest, testing::ValuesIn(AllSpoiled()),
                         [](const auto& info) { return info.param.what; });

TEST(AttestationVerifierTest, AcceptsGoodEvidenceAndReportsItsFacts) {
  AttestationFixture fixture;
  const AttestationVerdict verdict = fixture.Verify();
  ASSERT_TRUE(verdict.accepted()) << NameOf(verdict.code) << ": " << verdict.seen;
  EXPECT_FALSE(verdict.facts->lab);
  EXPECT_EQ(verdict.facts->ek_spki_sha256, fixture.ek_key.public_key().SpkiSha256());
  EXPECT_EQ(verdict.facts->ak_name, tpmwire::NameOf(fixture.ak));
  EXPECT_TRUE(verdict.facts->device_key.Equals(fixture.tls_key.public_key()));
  EXPECT_EQ(verdict.facts->reset_count, 3u);
  EXPECT_EQ(verdict.facts->firmware_version, fixture.claimed_tpm.firmware_version);
  EXPECT_EQ(verdict.facts->pcr_values, fixture.pcr_values);
  for (const AttestationFinding& finding : verdict.findings) {
    EXPECT_EQ(finding.verdict, CheckVerdict::kPass) << finding.check << ": " << finding.seen;
  }
}

TEST(AttestationVerifierTest, EveryCheckThatRefusesHasASpoiledExample) {
  std::set<int> covered = {301, 553,  // only remarks, or nothing
                           403};      // roca_test.cc: its keys cannot match a certificate made here
  for (const Spoiled& spoiled : AllSpoiled()) covered.insert(spoiled.check);
  std::set<int> numbers;
  for (const AttestationChecks group :
       {InputChecks(), EkCertificateChecks(), EkChainChecks(), EkKeyChecks(), TpmIdentityChecks(),
        TrustModelChecks(), DeviceKeyChecks(), CertifyChecks(), QuoteChecks()}) {
    for (const AttestationCheck& check : group) {
      EXPECT_TRUE(numbers.insert(check.number).second) << check.number << " twice";
      EXPECT_TRUE(covered.contains(check.number)) << check.number << " " << check.name;
    }
  }
}

TEST(AttestationVerifierTest, VirtualTpmIsAcceptedThroughTheLabRootAndMarked) {
  AttestationFixture fixture;
  fixture.lab = true;
  fixture.ek_certificate.Extension(kSan).value =
      test::TpmNames("id:00001014", "swtpm", "id:20191023");
  fixture.claimed_tpm.manufacturer = 0x49424D00;
  const AttestationVerdict verdict = fixture.Verify();
  ASSERT_TRUE(verdict.accepted()) << NameOf(verdict.code) << ": " << verdict.seen;
  EXPECT_TRUE(verdict.facts->lab);
}

TEST(AttestationVerifierTest, UntrustedVirtualTpmIsRefusedForItsChain) {
  AttestationFixture fixture;
  fixture.trust_root = false;
  fixture.ek_certificate.Extension(kSan).value =
      test::TpmNames("id:00001014", "swtpm", "id:20191023");
  EXPECT_EQ(fixture.Verify().code, Code::kEkChainUntrusted);
}

TEST(AttestationVerifierTest, AnIssuerThatExpiredSinceIsFine) {
  AttestationFixture fixture;
  fixture.intermediate.not_after = fixture.ek_certificate.not_before + kDay;
  EXPECT_TRUE(fixture.Verify().accepted());
}

TEST(AttestationVerifierTest, AnExpiredCertificateIsARemarkWhereTheSiteAllowsIt) {
  AttestationFixture fixture;
  fixture.ek_certificate.not_after = fixture.context.now - kDay;
  fixture.policy.expired_ek = ExpiredEk::kAcceptWithFinding;
  const AttestationVerdict verdict = fixture.Verify();
  ASSERT_TRUE(verdict.accepted()) << NameOf(verdict.code);
  EXPECT_TRUE(std::any_of(verdict.findings.begin(), verdict.findings.end(), [](const auto& f) {
    return f.number == 307 && f.verdict == CheckVerdict::kFinding;
  }));
}

TEST(AttestationVerifierTest, TheSameEkOnTheSameRecordIsFine) {
  AttestationFixture fixture;
  fixture.context.record.device_bound_to_ek = "D-7";
  fixture.context.record.ek_bound_to_device = fixture.ek_key.public_key().SpkiSha256();
  EXPECT_TRUE(fixture.Verify().accepted());
}

TEST(AttestationVerifierTest, PaddedCertificateAndJunkInTheChainAreRemarks) {
  AttestationFixture fixture;
  fixture.nv_padding = Bytes(431, 0xFF);
  fixture.change_evidence = [](auto& e) { e.ek_chain = {{1, 2, 3}}; };
  const AttestationVerdict verdict = fixture.Verify();
  ASSERT_TRUE(verdict.accepted()) << NameOf(verdict.code) << ": " << verdict.seen;
  std::set<int> remarks;
  for (const AttestationFinding& finding : verdict.findings) {
    if (finding.verdict == CheckVerdict::kFinding) remarks.insert(finding.number);
  }
  EXPECT_EQ(remarks, (std::set<int>{202, 301}));
}

TEST(AttestationVerifierTest, FindsIntermediatesTheDeviceSent) {
  AttestationFixture fixture;
  const Bytes sent = test::BuildCertificate(fixture.intermediate, fixture.root_key);
  fixture.intermediate.subject = "Configured, unrelated";
  fixture.change_evidence = [&](auto& e) { e.ek_chain = {sent}; };
  EXPECT_TRUE(fixture.Verify().accepted());
}

TEST(AttestationVerifierTest, NeverAcceptsAChangedByte) {
  AttestationFixture fixture;
  fixture.Verify();  // fills the policy
  const AttestationEvidence good = fixture.Build();
  for (const auto field :
       {&AttestationEvidence::ek_public, &AttestationEvidence::ak_public,
        &AttestationEvidence::device_key_public, &AttestationEvidence::certify_attest,
        &AttestationEvidence::certify_signature, &AttestationEvidence::quote_attest,
        &AttestationEvidence::quote_signature, &AttestationEvidence::ek_certificate}) {
    for (size_t i = 0; i < (good.*field).size(); i += 3) {
      AttestationEvidence changed = good;
      (changed.*field)[i] ^= 0x10;
      EXPECT_FALSE(VerifyAttestation(changed, fixture.context).accepted()) << "byte " << i;
    }
  }
}

TEST(AttestationVerifierTest, NeverAcceptsATruncatedField) {
  AttestationFixture fixture;
  fixture.Verify();
  const AttestationEvidence good = fixture.Build();
  for (const auto field :
       {&AttestationEvidence::ek_public, &AttestationEvidence::ak_public,
        &AttestationEvidence::device_key_public, &AttestationEvidence::certify_attest,
        &AttestationEvidence::certify_signature, &AttestationEvidence::quote_attest,
        &AttestationEvidence::quote_signature, &AttestationEvidence::ek_certificate}) {
    for (size_t size = 0; size < (good.*field).size(); ++size) {
      AttestationEvidence cut = good;
      (cut.*field).resize(size);
      EXPECT_FALSE(VerifyAttestation(cut, fixture.context).accepted()) << "cut to " << size;
    }
  }
}

class ActivationProofTest : public testing::Test {
 protected:
  RefusalCode Verify() const {
    return VerifyActivationProof(Secret(secret_), transcript_, proof_, now_, expire_time_, used_);
  }

  Bytes secret_ = Bytes(32, 5);
  tpmwire::Sha256Digest transcript_ =
      tpmwire::TranscriptHash(AsBytes("S0"), AsBytes("D1"), AsBytes("S2"));
  Bytes proof_ = ToBytes(ByteView(tpmwire::ComputeProof(Secret(secret_), transcript_)));
  WallTime now_ = WallTime(100s);
  WallTime expire_time_ = WallTime(160s);
  bool used_ = false;
};

TEST_F(ActivationProofTest, AcceptsTheProofOfTheSecret) { EXPECT_EQ(Verify(), Code::kNone); }

TEST_F(ActivationProofTest, RefusesAnotherProof) {
  proof_[31] ^= 1;
  EXPECT_EQ(Verify(), Code::kActivationFailed);
}

TEST_F(ActivationProofTest, RefusesAnEmptyProof) {
  proof_.clear();
  EXPECT_EQ(Verify(), Code::kActivationFailed);
}

TEST_F(ActivationProofTest, RefusesTheProofOfAnotherTranscript) {
  transcript_[0] ^= 1;
  EXPECT_EQ(Verify(), Code::kActivationFailed);
}

TEST_F(ActivationProofTest, RefusesALateProof) {
  now_ = expire_time_ + 1s;
  EXPECT_EQ(Verify(), Code::kActivationExpired);
}

TEST_F(ActivationProofTest, RefusesASecondProof) {
  used_ = true;
  EXPECT_EQ(Verify(), Code::kActivationReplayed);
}

TEST_F(ActivationProofTest, RefusesTheProofOfNoSecret) {
  secret_.clear();
  proof_ = ToBytes(ByteView(tpmwire::ComputeProof(Secret(), transcript_)));
  EXPECT_EQ(Verify(), Code::kActivationFailed);
}

}  // namespace
}  // namespace preseal::server
