// SPDX-License-Identifier: Apache-2.0
// Logs against quotes: attestation.md, attacks 12 to 19, bad inputs 74, 79, 80 and 82.
// Whoever attacks writes the log; what the TPM quotes is what was really extended, so "Quote" is
// taken where the attacker could have extended it and from the good boot where he could not.
#include "server/domain/event_log/event_log_judge.h"

#include <gtest/gtest.h>

#include "server/domain/event_log/bank_hash.h"
#include "server/domain/event_log/event_types.h"
#include "server/domain/event_log/guid.h"
#include "tests/support/event_log_builder.h"

namespace preseal::server {
namespace {

using test::EventLogBuilder;
using test::EventSpec;
using test::Join;
using test::UefiVariableData;
using enum RefusalCode;

const Bytes kZeros(4, 0);

EventLogJudgement Judge(const EventLogBuilder& log, const std::vector<QuotedBank>& quoted,
                        const EventLogPolicy& policy = {}) {
  return JudgeEventLog(ParseEventLog(log.Build()), quoted, policy);
}
// The log and a TPM into which exactly that was extended.
EventLogJudgement JudgeTrue(const EventLogBuilder& log) { return Judge(log, log.Quote()); }

void SetVariable(EventLogBuilder& log, std::string_view name, std::string_view guid,
                 const Bytes& data) {
  EventSpec& event = log.FindVariable(name);
  event.data = event.measured = UefiVariableData(guid, name, data);
}
void Remove(EventLogBuilder& log, const EventSpec& event) {
  log.events().erase(log.events().begin() + static_cast<ptrdiff_t>(log.IndexOf(event)));
}
void RemovePcr(EventLogBuilder& log, uint32_t pcr) {
  std::erase_if(log.events(), [&](const EventSpec& event) {
    return event.pcr == pcr && event.type != kEvNoAction;
  });
}

class EventLogJudgeTest : public testing::Test {
 protected:
  // After all is spoilt: what was said about `number`, the first line of it.
  static AttestationFinding Finding(const EventLogJudgement& judgement, int number) {
    for (const AttestationFinding& finding : judgement.findings) {
      if (finding.number == number) return finding;
    }
    return {};
  }

  EventLogBuilder log_ = EventLogBuilder().SecureBootBoot();
  const std::vector<QuotedBank> good_quote_ = log_.Quote();
};

TEST_F(EventLogJudgeTest, AcceptsAWholeBootWithoutFindings) {
  const auto judgement = Judge(log_, good_quote_);
  EXPECT_EQ(judgement.code, kNone) << judgement.seen;
  for (const AttestationFinding& finding : judgement.findings) {
    EXPECT_EQ(finding.verdict, CheckVerdict::kPass) << finding.number << " " << finding.seen;
  }
  EXPECT_EQ(judgement.findings.size(), 14u);
}

TEST_F(EventLogJudgeTest, AcceptsTheSameBootWithoutQuote) {
  EXPECT_EQ(Judge(log_, {}).code, kNone);
}

// --- attack 12: a live bank the firmware does not feed ---

TEST_F(EventLogJudgeTest, RefusesALiveBankTheLogLacks) {
  const EventLogBuilder capped = EventLogBuilder({kBankSha256}).SecureBootBoot();
  const auto judgement = Judge(capped, good_quote_);
  EXPECT_EQ(judgement.code, kEventLogBankCapped);
  EXPECT_NE(judgement.seen.find("sha1"), std::string::npos);
}

TEST_F(EventLogJudgeTest, RefusesALiveBankWhoseFirmwarePcrsWereNeverExtended) {
  auto quoted = good_quote_;
  for (auto& [pcr, value] : quoted[0].values) {
    if (pcr < 8) value = Bytes(20, 0);
  }
  quoted[0].values[0].back() = 3;  // the startup locality
  EXPECT_EQ(Judge(log_, quoted).code, kEventLogBankCapped);
}

TEST_F(EventLogJudgeTest, RefusesAnOpenSha256BankFilledToMatchAFakeLog) {
  // The firmware measured SHA-1 truly (Secure Boot off); the attacker filled SHA-256 by a fake log.
  EventLogBuilder truth = EventLogBuilder().SecureBootBoot();
  SetVariable(truth, "SecureBoot", kGuidGlobalVariable, {0});
  const std::vector<QuotedBank> quoted = {truth.Quote()[0], good_quote_[1]};
  EXPECT_EQ(Judge(log_, quoted).code, kEventLogReplayMismatch);
  // True digests in SHA-1, fake ones in SHA-256: now the data fits one bank only.
  EventSpec& forged = log_.FindVariable("SecureBoot");
  forged.digests = {BankHash(kBankSha1, truth.FindVariable("SecureBoot").measured),
                    BankHash(kBankSha256, forged.measured)};
  EXPECT_EQ(Judge(log_, quoted).code, kEventLogDataDigest);
}

TEST_F(EventLogJudgeTest, AllowsAnOpenBankWithAReason) {
  EventLogPolicy policy;
  policy.open_banks_allowed[kBankSha1] = "firmware 1.2 of the maker";
  const EventLogBuilder capped = EventLogBuilder({kBankSha256}).SecureBootBoot();
  const auto judgement = Judge(capped, good_quote_, policy);
  EXPECT_EQ(judgement.code, kNone) << judgement.seen;
  EXPECT_NE(Finding(judgement, 904).seen.find("firmware 1.2"), std::string::npos);
}

TEST_F(EventLogJudgeTest, ABankThatIsNotAllocatedNeedsNoEvents) {
  const EventLogBuilder sha256_only = EventLogBuilder({kBankSha256}).SecureBootBoot();
  auto quoted = good_quote_;
  quoted[0].allocated = false;
  quoted[0].values.clear();
  EXPECT_EQ(Judge(sha256_only, quoted).code, kNone);
}

TEST_F(EventLogJudgeTest, RefusesALogWithoutSha256) {
  const EventLogBuilder sha1 = EventLogBuilder({kBankSha1}).SecureBootBoot();
  EXPECT_EQ(Judge(sha1, good_quote_).code, kEventLogNoBank);
}

TEST_F(EventLogJudgeTest, RefusesAQuoteWithoutSha256) {
  EXPECT_EQ(Judge(log_, {good_quote_[0]}).code, kEventLogNoBank);
}

// --- bad input 82 ---

TEST_F(EventLogJudgeTest, SaysThatTheLogFeedsABankTheTpmLacks) {
  const EventLogBuilder three =
      EventLogBuilder({kBankSha1, kBankSha256, kBankSha384}).SecureBootBoot();
  const auto judgement = Judge(three, good_quote_);
  EXPECT_EQ(judgement.code, kNone);
  EXPECT_NE(Finding(judgement, 904).seen.find("sha384"), std::string::npos);
}

TEST_F(EventLogJudgeTest, RefusesAQuotedBankTheLogDoesNotFeed) {
  const EventLogBuilder three =
      EventLogBuilder({kBankSha1, kBankSha256, kBankSha384}).SecureBootBoot();
  EXPECT_EQ(Judge(log_, three.Quote()).code, kEventLogBankCapped);
}

// --- attack 13: events left out ---

TEST_F(EventLogJudgeTest, RefusesALogStrippedOfAllEventsOfAFirmwarePcr) {
  for (uint32_t pcr = 0; pcr < 8; ++pcr) {
    EventLogBuilder stripped = EventLogBuilder().SecureBootBoot();
    RemovePcr(stripped, pcr);
    EXPECT_EQ(Judge(stripped, good_quote_).code, kEventLogUnextendedPcr) << pcr;
  }
}

TEST_F(EventLogJudgeTest, RefusesALogStrippedOfAllEventsOfALoaderPcr) {
  for (const uint32_t pcr : {8, 9, 14}) {
    EventLogBuilder stripped = EventLogBuilder().SecureBootBoot();
    RemovePcr(stripped, pcr);
    EXPECT_EQ(Judge(stripped, good_quote_).code, kEventLogUnextendedPcr) << pcr;
  }
}

TEST_F(EventLogJudgeTest, AcceptsALoaderPcrThatNothingWasExtendedInto) {
  RemovePcr(log_, 14);
  EXPECT_EQ(JudgeTrue(log_).code, kNone);
}

TEST_F(EventLogJudgeTest, RefusesAFirmwarePcrThatIsZeroBecauseNothingExtendedIt) {
  RemovePcr(log_, 6);
  EXPECT_EQ(JudgeTrue(log_).code, kEventLogUnextendedPcr);
}

TEST_F(EventLogJudgeTest, RefusesALogWithOneEventLeftOut) {
  Remove(log_, log_.Find(4, kEvEfiBootServicesApplication));
  const auto judgement = Judge(log_, good_quote_);
  EXPECT_EQ(judgement.code, kEventLogReplayMismatch);
  EXPECT_NE(judgement.seen.find("sha1 PCR 4"), std::string::npos);
}

// --- bad inputs 79 and 80 ---

TEST_F(EventLogJudgeTest, RefusesTwoEventsSwappedInOnePcr) {
  std::swap(log_.Find(4, kEvEfiBootServicesApplication, 0),
            log_.Find(4, kEvEfiBootServicesApplication, 1));
  EXPECT_EQ(Judge(log_, good_quote_).code, kEventLogReplayMismatch);
}

TEST_F(EventLogJudgeTest, ClaimsNoOrderAcrossPcrs) {
  std::swap(log_.Find(1, kEvPostCode), log_.Find(3, kEvPostCode));
  EXPECT_EQ(Judge(log_, good_quote_).code, kNone);
}

// --- attack 14: types are not measured ---

TEST_F(EventLogJudgeTest, RefusesAnImageRenamedToAnAction) {
  log_.Find(4, kEvEfiBootServicesApplication).type = kEvEfiAction;
  EXPECT_EQ(Judge(log_, good_quote_).code, kEventLogDataDigest);
}

TEST_F(EventLogJudgeTest, RefusesAVariableRenamedToAnotherType) {
  log_.FindVariable("SecureBoot").type = kEvIpl;
  EXPECT_EQ(Judge(log_, good_quote_).code, kEventLogEventType);
}

TEST_F(EventLogJudgeTest, RefusesADebugActionRenamedToAVariable) {
  log_.Add(7, kEvEfiAction, AsBytes("UEFI Debug Mode"));
  const auto quoted = log_.Quote();
  for (const uint32_t type : {kEvEfiVariableDriverConfig, kEvEfiVariableAuthority}) {
    log_.events().back().type = type;
    EXPECT_EQ(Judge(log_, quoted).code, kEventLogMalformed) << type;
  }
}

TEST_F(EventLogJudgeTest, RefusesASeparatorRenamedAndAnotherOneWrittenLater) {
  log_.Find(7, kEvSeparator).type = kEvEfiAction;
  log_.Add(7, kEvSeparator, kZeros);
  EXPECT_EQ(JudgeTrue(log_).code, kEventLogEventType);
}

// --- attack 15: CVE-2022-0317 ---

TEST_F(EventLogJudgeTest, RefusesEventDataThatWasNotMeasured) {
  log_.FindVariable("dbx").data = UefiVariableData(kGuidSecurityDatabase, "dbx", {});
  EXPECT_EQ(Judge(log_, good_quote_).code, kEventLogDataDigest);
  EXPECT_FALSE(Judge(log_, good_quote_).facts.dbx.logged);
}

TEST_F(EventLogJudgeTest, RefusesChangedDataOfEveryTypeThatMustMatch) {
  const std::pair<uint32_t, uint32_t> events[] = {{7, kEvEfiVariableAuthority},
                                                  {1, kEvEfiVariableBoot},
                                                  {5, kEvEfiGptEvent},
                                                  {5, kEvEfiAction},
                                                  {3, kEvSeparator}};
  for (const auto& [pcr, type] : events) {
    EventLogBuilder changed = EventLogBuilder().SecureBootBoot();
    Bytes& data = changed.Find(pcr, type).data;
    data = type == kEvSeparator ? Bytes(4, 0xFF) : data;
    if (type != kEvSeparator) data.back() ^= 1;
    EXPECT_EQ(Judge(changed, good_quote_).code, kEventLogDataDigest) << EventTypeName(type);
  }
}

// --- attack 16 ---

TEST_F(EventLogJudgeTest, RefusesASecureBootVariableAfterTheSeparator) {
  log_.Add(7, kEvEfiVariableDriverConfig,
           UefiVariableData(kGuidGlobalVariable, "SecureBoot", {{1}}));
  EXPECT_EQ(JudgeTrue(log_).code, kEventLogSeparator);
}

TEST_F(EventLogJudgeTest, RefusesASecondSecureBootVariable) {
  EventSpec second = log_.FindVariable("SecureBoot");
  log_.events().insert(log_.events().begin() + 10, std::move(second));
  EXPECT_EQ(JudgeTrue(log_).code, kEventLogDupVariable);
}

// --- attack 17 ---

TEST_F(EventLogJudgeTest, RefusesVariablesThatOnlyLookMeasured) {
  EventSpec fake = log_.FindVariable("SecureBoot");
  Remove(log_, log_.FindVariable("SecureBoot"));
  fake.type = kEvNoAction;
  log_.Add(fake);
  EXPECT_EQ(JudgeTrue(log_).code, kEventLogEventType);
  EXPECT_EQ(JudgeTrue(log_).facts.secure_boot, SecureBootState::kNotLogged);
  log_.events().back().type = kEvEfiVariableDriverConfig;
  log_.events().back().pcr = kNoPcr;
  EXPECT_EQ(JudgeTrue(log_).code, kEventLogEventType);
}

// --- attack 18 ---

TEST_F(EventLogJudgeTest, RefusesAStartupLocalityWrittenLate) {
  EventSpec locality = log_.events().front();
  log_.events().erase(log_.events().begin());
  log_.Add(std::move(locality));
  EXPECT_EQ(JudgeTrue(log_).code, kEventLogMalformed);
}

// --- bad input 74 ---

TEST_F(EventLogJudgeTest, RefusesSignatureListsWhoseSizesDoNotAddUp) {
  for (const uint32_t size : {0u, 15u, 27u, 29u, 1000u, 0xFFFFFFFFu}) {
    EventLogBuilder spoilt = EventLogBuilder().SecureBootBoot();
    const Bytes list = Join({GuidBytes(kGuidCertSha256), test::LittleEndian(size, 4),
                             test::LittleEndian(0, 4), test::LittleEndian(48, 4), Bytes(48, 1)});
    SetVariable(spoilt, "dbx", kGuidSecurityDatabase, list);
    EXPECT_EQ(JudgeTrue(spoilt).code, kEventLogMalformed) << size;
  }
}

// --- check 46: findings only ---

TEST_F(EventLogJudgeTest, MissingBootStepsAreFindings) {
  Remove(log_, log_.Find(5, kEvEfiAction, 1));
  const auto judgement = JudgeTrue(log_);
  EXPECT_EQ(judgement.code, kNone);
  EXPECT_EQ(Finding(judgement, 913).verdict, CheckVerdict::kFinding);
}

TEST_F(EventLogJudgeTest, AFragmentIsRefusedWithAQuoteOnly) {
  EventLogBuilder fragment;
  fragment.Add(4, kEvEfiAction, AsBytes("Calling EFI Application from Boot Option"));
  EXPECT_EQ(Judge(fragment, {}).code, kNone);
  EXPECT_EQ(JudgeTrue(fragment).code, kEventLogUnextendedPcr);
}

TEST_F(EventLogJudgeTest, PcrsARunningSystemExtendsAreFindings) {
  auto quoted = good_quote_;
  quoted[1].values[10] = Bytes(32, 0x77);
  const auto judgement = Judge(log_, quoted);
  EXPECT_EQ(judgement.code, kNone);
  EXPECT_EQ(Finding(judgement, 906).verdict, CheckVerdict::kFinding);
}

TEST_F(EventLogJudgeTest, EveryTextShownIsBounded) {
  for (int i = 0; i < 200; ++i) log_.Add(7, kEvEfiVariableDriverConfig, Bytes(300, 0x1B));
  for (const AttestationFinding& finding : JudgeTrue(log_).findings) {
    EXPECT_LE(finding.seen.size(), 300u);
    EXPECT_EQ(finding.seen.find('\x1B'), std::string::npos);
  }
  EXPECT_LT(JudgeTrue(log_).findings.size(), 100u);
}

}  // namespace
}  // namespace preseal::server
