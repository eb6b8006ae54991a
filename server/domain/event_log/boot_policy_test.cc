// SPDX-License-Identifier: Apache-2.0
// The floor's demands on a proven boot: attestation.md, attacks 20 and 21.
#include "server/domain/event_log/boot_policy.h"

#include <gtest/gtest.h>

#include "server/domain/event_log/bank_hash.h"
#include "server/domain/event_log/event_log_judge.h"
#include "server/domain/event_log/event_types.h"
#include "server/domain/event_log/guid.h"
#include "tests/support/event_log_builder.h"

namespace preseal::server {
namespace {

using test::EventLogBuilder;
using test::EventSpec;
using test::UefiVariableData;
using enum RefusalCode;

RefusalCode FirstRefusal(const std::vector<AttestationFinding>& findings) {
  for (const AttestationFinding& finding : findings) {
    if (finding.verdict == CheckVerdict::kFail) return finding.code;
  }
  return kNone;
}

class BootPolicyTest : public testing::Test {
 protected:
  // The verdict on the log as it is now, truly extended.
  RefusalCode Judge(std::string_view model = "MODEL-7") {
    const auto quoted = log_.Quote();
    const auto judgement = JudgeEventLog(ParseEventLog(log_.Build()), quoted, {});
    EXPECT_FALSE(judgement.refused()) << judgement.seen;
    return FirstRefusal(JudgeBoot(judgement.facts, quoted, policy_, model));
  }

  void SetVariable(std::string_view name, std::string_view guid, const Bytes& data) {
    EventSpec& event = log_.FindVariable(name);
    event.data = event.measured = UefiVariableData(guid, name, data);
  }
  void AddVariable(std::string_view name, const Bytes& data) {
    EventSpec event = log_.FindVariable("SecureBoot");
    event.data = event.measured = UefiVariableData(kGuidGlobalVariable, name, data);
    log_.events().insert(log_.events().begin() + 10, std::move(event));
  }
  // What this boot measures, as values of `pcrs` in every bank.
  std::vector<PcrAllowance> AllowanceOf(const std::vector<uint32_t>& pcrs) const {
    std::vector<PcrAllowance> allowances;
    for (const QuotedBank& bank : log_.Quote()) {
      PcrAllowance& allowance = allowances.emplace_back();
      allowance.bank = bank.algorithm;
      for (const uint32_t pcr : pcrs) allowance.values[pcr] = {bank.values.at(pcr)};
    }
    return allowances;
  }
  void LearnModel(const std::string& model) {
    for (PcrAllowance& allowance : AllowanceOf({0, 2}))
      policy_.golden.push_back({model, allowance});
  }

  EventLogBuilder log_ = EventLogBuilder().SecureBootBoot();
  BootPolicy policy_;
};

TEST_F(BootPolicyTest, AcceptsAGoodBoot) { EXPECT_EQ(Judge(), kNone); }

TEST_F(BootPolicyTest, RefusesSecureBootOffOrMalformed) {
  for (const Bytes& value : {Bytes{0}, Bytes{2}, Bytes{}, Bytes{1, 1}}) {
    SetVariable("SecureBoot", kGuidGlobalVariable, value);
    EXPECT_EQ(Judge(), kBootSecureBootOff) << ToHex(value);
  }
}

TEST_F(BootPolicyTest, ADemandCanBeAFindingOrOff) {
  SetVariable("SecureBoot", kGuidGlobalVariable, {0});
  policy_.secure_boot = Demand::kFinding;
  EXPECT_EQ(Judge(), kNone);
  const auto judgement = JudgeEventLog(ParseEventLog(log_.Build()), log_.Quote(), {});
  EXPECT_EQ(JudgeBoot(judgement.facts, {}, policy_).front().verdict, CheckVerdict::kFinding);
  policy_.secure_boot = Demand::kOff;
  EXPECT_EQ(JudgeBoot(judgement.facts, {}, policy_).front().verdict, CheckVerdict::kPass);
}

TEST_F(BootPolicyTest, RefusesSetupAndAuditMode) {
  for (const std::string_view name : {"SetupMode", "AuditMode"}) {
    log_ = EventLogBuilder().SecureBootBoot();
    AddVariable(name, {0});
    EXPECT_EQ(Judge(), kNone) << name;
    log_ = EventLogBuilder().SecureBootBoot();
    AddVariable(name, {1});
    EXPECT_EQ(Judge(), kBootSetupMode) << name;
  }
}

TEST_F(BootPolicyTest, RefusesAnEmptyPlatformKey) {
  SetVariable("PK", kGuidGlobalVariable, {});
  EXPECT_EQ(Judge(), kBootSetupMode);
}

TEST_F(BootPolicyTest, RefusesAnOldDbx) {
  policy_.dbx_minimum = {Bytes(32, 0xD1), Bytes(32, 0xD2)};
  EXPECT_EQ(Judge(), kNone);
  policy_.dbx_minimum.insert(Bytes(32, 0xD3));
  EXPECT_EQ(Judge(), kBootDbx);
}

TEST_F(BootPolicyTest, RefusesAnEmptyDbxWhereHashesAreDemanded) {
  policy_.dbx_minimum = {Bytes(32, 0xD1)};
  SetVariable("dbx", kGuidSecurityDatabase, {});
  EXPECT_EQ(Judge(), kBootDbx);
}

TEST_F(BootPolicyTest, RefusesAnUnknownAuthority) {
  policy_.authorities_allowed = {std::string(64, 'a')};
  EXPECT_EQ(Judge(), kBootAuthorityUnknown);
  const auto facts = JudgeEventLog(ParseEventLog(log_.Build()), {}, {}).facts;
  policy_.authorities_allowed.insert(facts.authorities.front().fingerprint);
  EXPECT_EQ(Judge(), kNone);
}

TEST_F(BootPolicyTest, ShimsSettingsAreNoAuthorities) {
  const auto facts = JudgeEventLog(ParseEventLog(log_.Build()), {}, {}).facts;
  policy_.authorities_allowed = {facts.authorities.front().fingerprint};
  log_.Add(7, kEvEfiVariableAuthority,
           UefiVariableData(kGuidShimLock, "SbatLevel", AsBytes("sbat,1,2021030218\n")));
  EXPECT_EQ(Judge(), kNone);
  log_.Add(7, kEvEfiVariableAuthority, UefiVariableData(kGuidShimLock, "Other", AsBytes("x")));
  EXPECT_EQ(Judge(), kBootAuthorityUnknown);
}

TEST_F(BootPolicyTest, RefusesAFirmwareError) {
  log_.Find(3, kEvSeparator).measured = {1, 0, 0, 0};
  EXPECT_EQ(Judge(), kBootFirmwareError);
}

TEST_F(BootPolicyTest, RefusesDebugModeAndMissingDmaProtection) {
  log_.Add(7, kEvEfiAction, AsBytes("UEFI Debug Mode"));
  EXPECT_EQ(Judge(), kBootDebugMode);
  log_ = EventLogBuilder().SecureBootBoot();
  log_.Add(7, kEvEfiAction, AsBytes("DMA Protection Disabled"));
  EXPECT_EQ(Judge(), kBootDmaProtectionOff);
}

TEST_F(BootPolicyTest, HoldsAModelToItsGoldenPcrs) {
  LearnModel("MODEL-7");
  EXPECT_EQ(Judge(), kNone);
  log_ = EventLogBuilder().SecureBootBoot("1.1");
  EXPECT_EQ(Judge(), kPcrPolicyMismatch);
}

TEST_F(BootPolicyTest, ASecondGoldenSetAllowsMore) {
  LearnModel("MODEL-7");
  log_ = EventLogBuilder().SecureBootBoot("1.1");
  for (GoldenSet& golden : policy_.golden) {
    for (const PcrAllowance& newer : AllowanceOf({0})) {
      if (newer.bank != golden.allowance.bank) continue;
      golden.allowance.values[0].insert(newer.values.at(0).begin(), newer.values.at(0).end());
    }
  }
  EXPECT_EQ(Judge(), kNone);
}

TEST_F(BootPolicyTest, RefusesAModelNobodyLearntOnlyIfThatIsDemanded) {
  LearnModel("MODEL-7");
  EXPECT_EQ(Judge("MODEL-8"), kNone);
  policy_.golden_required = true;
  EXPECT_EQ(Judge("MODEL-8"), kPcrNotLearned);
}

TEST_F(BootPolicyTest, RefusesALiveBankWithoutGoldenValues) {
  LearnModel("MODEL-7");
  policy_.golden.erase(policy_.golden.begin());
  EXPECT_EQ(Judge(), kPcrNotLearned);
}

TEST_F(BootPolicyTest, RefusesAGoldenPcrThatIsNotQuoted) {
  for (PcrAllowance& allowance : AllowanceOf({0})) {
    allowance.values[11] = {Bytes(32, 1)};
    policy_.golden.push_back({"MODEL-7", allowance});
  }
  EXPECT_EQ(Judge(), kPcrPolicyMismatch);
}

// Attack 21: the agent, its kernel or its command line was replaced.
TEST_F(BootPolicyTest, RefusesAlteredImagingMedia) {
  policy_.media = AllowanceOf({4, 8, 9});
  EXPECT_EQ(Judge(), kNone);
  EventLogBuilder good = log_;
  log_.Find(9, kEvIpl).measured = ToBytes("another kernel");
  EXPECT_EQ(Judge(), kPcrPolicyMismatch);
  log_ = good;
  EventSpec& command_line = log_.Find(8, kEvIpl, 1);
  command_line.data = ToBytes("kernel_cmdline: /boot/vmlinuz init=/bin/sh");
  command_line.measured = ToBytes("/boot/vmlinuz init=/bin/sh");
  EXPECT_EQ(Judge(), kPcrPolicyMismatch);
  log_ = good;
  log_.Find(4, kEvEfiBootServicesApplication).measured = ToBytes("another loader");
  EXPECT_EQ(Judge(), kPcrPolicyMismatch);
}

}  // namespace
}  // namespace preseal::server
