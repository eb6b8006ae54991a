// SPDX-License-Identifier: Apache-2.0
// The event log and the boot as part of a whole attestation; what each check of theirs finds is
// tested in server/domain/event_log.
#include <gtest/gtest.h>

#include <algorithm>

#include "server/domain/attestation/attestation_verifier.h"
#include "tests/support/attestation_fixture.h"

namespace preseal::server {
namespace {

using test::AttestationFixture;

bool HasFinding(const AttestationVerdict& verdict, int number, CheckVerdict kind) {
  return std::any_of(verdict.findings.begin(), verdict.findings.end(),
                     [&](const auto& f) { return f.number == number && f.verdict == kind; });
}

GoldenSet GoldenOf(const AttestationFixture& fixture) {
  GoldenSet golden;
  golden.model = fixture.context.record.model;
  golden.allowance.bank = kBankSha256;
  for (const auto& value : fixture.pcr_values) {
    if (value.index == 0 || value.index == 2) golden.allowance.values[value.index] = {value.value};
  }
  return golden;
}

void TurnSecureBootOff(AttestationFixture& fixture) {
  auto& event = fixture.log.FindVariable("SecureBoot");
  event.data.back() = 0;
  event.measured = event.data;
  fixture.MeasureLog();
}

TEST(BootChecksTest, ADeviceWithALogNeedsToSendNoPcrValues) {
  AttestationFixture fixture;
  fixture.send_pcr_values = false;
  const AttestationVerdict verdict = fixture.Verify();
  ASSERT_TRUE(verdict.accepted()) << NameOf(verdict.code) << ": " << verdict.seen;
  EXPECT_EQ(verdict.facts->pcr_values, fixture.pcr_values);
}

TEST(BootChecksTest, ALogOfAnotherBootIsRefusedThoughNoValueWasSent) {
  AttestationFixture fixture;
  fixture.send_pcr_values = false;
  fixture.log = test::EventLogBuilder().SecureBootBoot("2.0");
  const AttestationVerdict verdict = fixture.Verify();
  EXPECT_EQ(verdict.code, RefusalCode::kEventLogReplayMismatch);
  EXPECT_EQ(verdict.findings.back().number, 915);
}

TEST(BootChecksTest, WithTheValuesSentTheMismatchNamesThePcr) {
  AttestationFixture fixture;
  fixture.log = test::EventLogBuilder().SecureBootBoot("2.0");
  const AttestationVerdict verdict = fixture.Verify();
  EXPECT_EQ(verdict.code, RefusalCode::kEventLogReplayMismatch);
  EXPECT_NE(verdict.seen.find("PCR 0"), std::string::npos) << verdict.seen;
}

TEST(BootChecksTest, AMissingLogIsRefusedWhereOneIsRequired) {
  AttestationFixture fixture;
  fixture.send_event_log = false;
  EXPECT_EQ(fixture.Verify().code, RefusalCode::kEventLogMissing);
}

TEST(BootChecksTest, AMissingLogIsAFindingWhereItIsNot) {
  AttestationFixture fixture;
  fixture.send_event_log = false;
  fixture.policy.event_log = EventLogUse::kIfSent;
  const AttestationVerdict verdict = fixture.Verify();
  ASSERT_TRUE(verdict.accepted()) << NameOf(verdict.code) << ": " << verdict.seen;
  EXPECT_TRUE(HasFinding(verdict, 900, CheckVerdict::kFinding));
}

TEST(BootChecksTest, ABankTheFirmwareNeverFedIsRefused) {
  AttestationFixture fixture;
  fixture.live_banks = {kBankSha1, kBankSha256};
  fixture.log = test::EventLogBuilder().SecureBootBoot();
  fixture.MeasureLog();
  // What an operating system writes itself into the bank its firmware left open (CVE-2021-42299):
  // the log names that bank only, the quote shows the other one is live as well.
  fixture.log = test::EventLogBuilder({kBankSha256}).SecureBootBoot();
  EXPECT_EQ(fixture.Verify().code, RefusalCode::kEventLogBankCapped);
}

TEST(BootChecksTest, AnOpenBankIsAFindingForAModelThatIsAllowedIt) {
  AttestationFixture fixture;
  fixture.live_banks = {kBankSha1, kBankSha256};
  fixture.log = test::EventLogBuilder().SecureBootBoot();
  fixture.MeasureLog();
  fixture.log = test::EventLogBuilder({kBankSha256}).SecureBootBoot();
  fixture.context.record.model = "Latitude 1";
  fixture.policy.open_banks = {{"Latitude 1", kBankSha1, "firmware 1.2 cannot switch it off"}};
  const AttestationVerdict verdict = fixture.Verify();
  ASSERT_TRUE(verdict.accepted()) << NameOf(verdict.code) << ": " << verdict.seen;
  EXPECT_TRUE(HasFinding(verdict, 904, CheckVerdict::kFinding));
}

TEST(BootChecksTest, ABootWithoutSecureBootIsRefused) {
  AttestationFixture fixture;
  TurnSecureBootOff(fixture);
  EXPECT_EQ(fixture.Verify().code, RefusalCode::kBootSecureBootOff);
}

TEST(BootChecksTest, ABootWithoutSecureBootMayLeadToQuarantine) {
  AttestationFixture fixture;
  TurnSecureBootOff(fixture);
  fixture.policy.quarantine = {RefusalCode::kBootSecureBootOff};
  const AttestationVerdict verdict = fixture.Verify();
  EXPECT_EQ(verdict.outcome, AttestationOutcome::kQuarantined);
  EXPECT_EQ(verdict.code, RefusalCode::kBootSecureBootOff);
}

TEST(BootChecksTest, AModelNobodyApprovedIsRefusedAndItsValuesAreKeptForAProposal) {
  AttestationFixture fixture;
  fixture.policy.golden = GoldenUse::kEnforce;
  const AttestationVerdict verdict = fixture.Verify();
  EXPECT_EQ(verdict.code, RefusalCode::kPcrNotLearned);
  EXPECT_EQ(verdict.quoted_pcrs, fixture.pcr_values);
}

TEST(BootChecksTest, TheApprovedValuesOfTheModelAreAccepted) {
  AttestationFixture fixture;
  fixture.policy.golden = GoldenUse::kEnforce;
  fixture.context.record.golden = {GoldenOf(fixture)};
  const AttestationVerdict verdict = fixture.Verify();
  EXPECT_TRUE(verdict.accepted()) << NameOf(verdict.code) << ": " << verdict.seen;
}

TEST(BootChecksTest, OtherFirmwareThanTheApprovedIsRefused) {
  AttestationFixture fixture;
  fixture.policy.golden = GoldenUse::kEnforce;
  fixture.context.record.golden = {GoldenOf(fixture)};
  fixture.log = test::EventLogBuilder().SecureBootBoot("2.0");
  fixture.MeasureLog();
  EXPECT_EQ(fixture.Verify().code, RefusalCode::kPcrPolicyMismatch);
}

TEST(BootChecksTest, ApprovedValuesAreComparedEvenWithoutALog) {
  AttestationFixture fixture;
  fixture.policy.golden = GoldenUse::kEnforce;
  fixture.policy.event_log = EventLogUse::kIfSent;
  fixture.context.record.golden = {GoldenOf(fixture)};
  fixture.send_event_log = false;
  EXPECT_TRUE(fixture.Verify().accepted());
  fixture.log = test::EventLogBuilder().SecureBootBoot("2.0");
  fixture.MeasureLog();
  EXPECT_EQ(fixture.Verify().code, RefusalCode::kPcrPolicyMismatch);
}

}  // namespace
}  // namespace preseal::server
