// SPDX-License-Identifier: Apache-2.0
// What a device may do without, what leads to quarantine instead, and what never does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "server/domain/attestation/attestation_verifier.h"
#include "tests/support/attestation_fixture.h"

namespace preseal::server {
namespace {

using test::AttestationFixture;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kDay = std::chrono::hours(24);

void RequireOnlyTheList(AttestationFixture& fixture) {
  fixture.policy.require = {TrustModel::kEkPub};
  fixture.context.record.ek_listed = true;
}

void LeaveOutTheCertificate(AttestationFixture& fixture) { fixture.send_certificate = false; }

const AttestationFinding* Find(const AttestationVerdict& verdict, int number) {
  const auto found = std::find_if(verdict.findings.begin(), verdict.findings.end(),
                                  [&](const auto& f) { return f.number == number; });
  return found == verdict.findings.end() ? nullptr : &*found;
}

TEST(TrustModelTest, EveryModelThatHoldsIsRecordedNotOnlyTheRequiredOne) {
  AttestationFixture fixture;
  fixture.context.record.ek_listed = true;
  fixture.context.record.token = TokenState::kVouched;
  const AttestationVerdict verdict = fixture.Verify();
  ASSERT_TRUE(verdict.accepted()) << NameOf(verdict.code) << ": " << verdict.seen;
  EXPECT_THAT(verdict.facts->trust_models,
              ElementsAre(TrustModel::kEkPub, TrustModel::kEkCert, TrustModel::kToken));
}

TEST(TrustModelTest, AListedEkNeedsNoCertificate) {
  AttestationFixture fixture;
  RequireOnlyTheList(fixture);
  LeaveOutTheCertificate(fixture);
  const AttestationVerdict verdict = fixture.Verify();
  ASSERT_TRUE(verdict.accepted()) << NameOf(verdict.code) << ": " << verdict.seen;
  EXPECT_THAT(verdict.facts->trust_models, ElementsAre(TrustModel::kEkPub));
  EXPECT_EQ(verdict.facts->ek_certificate_sha256, std::nullopt);
  EXPECT_EQ(verdict.outcome, AttestationOutcome::kAcceptedWithFindings);
}

TEST(TrustModelTest, AVouchedTpmNeedsNoCertificate) {
  AttestationFixture fixture;
  fixture.policy.require = {TrustModel::kToken};
  fixture.context.record.token = TokenState::kVouched;
  LeaveOutTheCertificate(fixture);
  const AttestationVerdict verdict = fixture.Verify();
  ASSERT_TRUE(verdict.accepted()) << NameOf(verdict.code) << ": " << verdict.seen;
  EXPECT_THAT(verdict.facts->trust_models, ElementsAre(TrustModel::kToken));
}

TEST(TrustModelTest, ACertificateWithoutATrustedRootDoesNotCountAsOne) {
  AttestationFixture fixture;
  RequireOnlyTheList(fixture);
  fixture.trust_root = false;
  const AttestationVerdict verdict = fixture.Verify();
  ASSERT_TRUE(verdict.accepted()) << NameOf(verdict.code) << ": " << verdict.seen;
  EXPECT_THAT(verdict.facts->trust_models, ElementsAre(TrustModel::kEkPub));
  ASSERT_NE(Find(verdict, 302), nullptr);
  EXPECT_EQ(Find(verdict, 302)->verdict, CheckVerdict::kFinding);
}

TEST(TrustModelTest, AForeignCertificateIsRefusedEvenWhereNoneIsRequired) {
  AttestationFixture fixture;
  RequireOnlyTheList(fixture);
  fixture.ek_certificate.spki = fixture.tls_key.public_key().SpkiDer();
  EXPECT_EQ(fixture.Verify().code, RefusalCode::kEkKeyMismatch);
}

TEST(TrustModelTest, AForgedChainIsRefusedEvenWhereNoneIsRequired) {
  AttestationFixture fixture;
  RequireOnlyTheList(fixture);
  std::swap(fixture.intermediate_key, fixture.ak_key);
  EXPECT_EQ(fixture.Verify().code, RefusalCode::kEkChainBadSignature);
}

TEST(TrustModelTest, AVirtualTpmWithoutCertificateIsStillVirtual) {
  AttestationFixture fixture;
  RequireOnlyTheList(fixture);
  LeaveOutTheCertificate(fixture);
  fixture.claimed_tpm.vendor_string = "SW   TPM";
  EXPECT_EQ(fixture.Verify().code, RefusalCode::kTpmIsVirtual);
}

TEST(TrustModelTest, TheImportedCacheStandsInForACertificateInNv) {
  AttestationFixture fixture;
  fixture.context.record.cached_ek_certificate = fixture.Build().ek_certificate;
  LeaveOutTheCertificate(fixture);
  const AttestationVerdict verdict = fixture.Verify();
  ASSERT_TRUE(verdict.accepted()) << NameOf(verdict.code) << ": " << verdict.seen;
  EXPECT_THAT(verdict.facts->trust_models, ElementsAre(TrustModel::kEkCert));
  EXPECT_EQ(Find(verdict, 201)->verdict, CheckVerdict::kFinding);
}

TEST(TrustModelTest, AMakerThatMayLeavesThePurposeOut) {
  AttestationFixture fixture;
  fixture.trust.eku_optional = {"STMicro"};
  fixture.ek_certificate.Remove("2.5.29.37");
  const AttestationVerdict verdict = fixture.Verify();
  ASSERT_TRUE(verdict.accepted()) << NameOf(verdict.code) << ": " << verdict.seen;
  EXPECT_EQ(Find(verdict, 209)->verdict, CheckVerdict::kFinding);
}

TEST(TrustModelTest, AnotherEkIsAcceptedOnceApprovedByName) {
  AttestationFixture fixture;
  fixture.context.record.ek_bound_to_device = tpmwire::Sha256Digest{};
  fixture.context.record.approved_ek = fixture.ek_key.public_key().SpkiSha256();
  const AttestationVerdict verdict = fixture.Verify();
  ASSERT_TRUE(verdict.accepted()) << NameOf(verdict.code) << ": " << verdict.seen;
  EXPECT_EQ(Find(verdict, 407)->verdict, CheckVerdict::kFinding);
}

TEST(TrustModelTest, AnApprovalOfOneEkDoesNotCoverAnother) {
  AttestationFixture fixture;
  fixture.context.record.ek_bound_to_device = tpmwire::Sha256Digest{};
  fixture.context.record.approved_ek = fixture.ak_key.public_key().SpkiSha256();
  EXPECT_EQ(fixture.Verify().code, RefusalCode::kEkChanged);
}

TEST(TrustModelTest, AClearedTpmNeedsTheSameApproval) {
  AttestationFixture fixture;
  fixture.context.record.last_reset_count = 100;
  fixture.context.record.approved_ek = fixture.ek_key.public_key().SpkiSha256();
  EXPECT_TRUE(fixture.Verify().accepted());
}

TEST(QuarantineTest, AListedRefusalLeadsToQuarantineAndTheRestIsStillProved) {
  AttestationFixture fixture;
  fixture.ek_certificate.not_after = fixture.context.now - kDay;
  fixture.policy.quarantine = {RefusalCode::kEkExpired};
  const AttestationVerdict verdict = fixture.Verify();
  EXPECT_EQ(verdict.outcome, AttestationOutcome::kQuarantined);
  EXPECT_EQ(verdict.code, RefusalCode::kEkExpired);
  ASSERT_TRUE(verdict.accepted());
  EXPECT_EQ(Find(verdict, 307)->verdict, CheckVerdict::kFail);
}

TEST(QuarantineTest, ALaterFaultOfIdentityStillRefuses) {
  AttestationFixture fixture;
  fixture.ek_certificate.not_after = fixture.context.now - kDay;
  fixture.policy.quarantine = {RefusalCode::kEkExpired};
  fixture.change_quote = [](tpmwire::Attest& quote) { quote.extra_data[0] ^= 1; };
  const AttestationVerdict verdict = fixture.Verify();
  EXPECT_EQ(verdict.outcome, AttestationOutcome::kRefused);
  EXPECT_EQ(verdict.code, RefusalCode::kQuoteNonce);
  EXPECT_FALSE(verdict.accepted());
}

TEST(QuarantineTest, WhatConcernsIdentityNeverLeadsToQuarantine) {
  AttestationFixture fixture;
  fixture.policy.quarantine = {RefusalCode::kQuoteNonce};
  fixture.change_quote = [](tpmwire::Attest& quote) { quote.extra_data[0] ^= 1; };
  EXPECT_EQ(fixture.Verify().outcome, AttestationOutcome::kRefused);
  EXPECT_FALSE(MayQuarantine(RefusalCode::kAkReused));
  EXPECT_FALSE(MayQuarantine(RefusalCode::kEkKeyRoca));
  EXPECT_FALSE(MayQuarantine(RefusalCode::kEventLogReplayMismatch));
}

TEST(FirmwareRuleTest, ModelsMatchWithoutCaseOrBlanksAndADenialComesFirst) {
  AttestationPolicy policy;
  FirmwareRule update;
  update.model = "SLB 967*";
  update.versions_below = 0x000F0017'00000000;
  FirmwareRule deny = update;
  deny.versions_below = 0x00070000'00000000;
  deny.denied = true;
  policy.firmware = {update, deny};
  EXPECT_EQ(FindFirmwareRule(policy, 1, "slb9672", 0x000F0015'00000000), &policy.firmware[0]);
  EXPECT_EQ(FindFirmwareRule(policy, 1, "SLB9670", 0x00060000'00000000), &policy.firmware[1]);
  EXPECT_EQ(FindFirmwareRule(policy, 1, "SLB9672", 0x000F0017'00000000), nullptr);
  EXPECT_EQ(FindFirmwareRule(policy, 1, "SLB9665", 0x00060000'00000000), nullptr);
  EXPECT_EQ(FindFirmwareRule(policy, 1, "", 0), nullptr);
}

TEST(LineTest, AStationOfNoLineIsHeldToThePolicysOwnRequirement) {
  AttestationPolicy policy;
  policy.lines = {{"strict", {"a", "b"}, {TrustModel::kEkPub}}};
  EXPECT_THAT(policy.RequiredAt("b"), ElementsAre(TrustModel::kEkPub));
  EXPECT_THAT(policy.RequiredAt("c"), ElementsAre(TrustModel::kEkCert));
  policy.require.clear();
  EXPECT_THAT(policy.RequiredAt("c"), IsEmpty());
}

}  // namespace
}  // namespace preseal::server
