// SPDX-License-Identifier: Apache-2.0
#include "server/domain/event_log/bank_hash.h"
#include "server/domain/event_log/event_log.h"
#include "server/domain/event_log/event_log_judge.h"
#include "server/domain/lint/lint_parts.h"

namespace preseal::server {
namespace {

LintPcrs ExtendedPcrs(const std::vector<ReplayedBank>& banks) {
  LintPcrs pcrs;
  for (const ReplayedBank& bank : banks) {
    auto& values = pcrs[BankName(bank.algorithm)];
    for (uint32_t pcr = 0; pcr < bank.pcrs.size(); ++pcr) {
      if (bank.pcrs[pcr].touched()) values[pcr] = ToHex(bank.pcrs[pcr].value);
    }
  }
  return pcrs;
}

// What the default boot policy looks at; whether it matters is the floor's decision.
void RemarkBoot(const BootFacts& facts, LintFindings& findings) {
  if (facts.secure_boot == SecureBootState::kOff) {
    findings.Remark(kLintEventLog, "Secure Boot is on", "off", "on",
                    RefusalCode::kBootSecureBootOff);
  }
  if (facts.setup_mode.value_or(false) || facts.audit_mode.value_or(false)) {
    findings.Remark(kLintEventLog + 1, "Secure Boot is in user mode", "setup or audit mode",
                    "user mode", RefusalCode::kBootSetupMode);
  }
  if (facts.debug_mode) {
    findings.Remark(kLintEventLog + 2, "firmware is not in debug mode", "UEFI Debug Mode", "none",
                    RefusalCode::kBootDebugMode);
  }
  if (facts.dma_protection_disabled) {
    findings.Remark(kLintEventLog + 3, "DMA protection is on", "DMA Protection Disabled", "none",
                    RefusalCode::kBootDmaProtectionOff);
  }
  for (const SeparatorFact& separator : facts.separators) {
    if (!separator.firmware_error) continue;
    findings.Remark(kLintEventLog + 4, "firmware reports no error",
                    "an error separator in PCR " + std::to_string(separator.pcr), "none",
                    RefusalCode::kBootFirmwareError);
  }
}

}  // namespace

LintResult LintEventLog(ByteView log) {
  LintResult result;
  result.kind = LintKind::kEventLog;
  const EventLogJudgement judgement = JudgeEventLog(ParseEventLog(log), {}, {});
  result.pcrs = ExtendedPcrs(judgement.banks);
  for (const AttestationFinding& finding : judgement.findings) {
    if (finding.verdict == CheckVerdict::kPass) continue;
    result.findings.push_back({finding.number, std::string(finding.check), finding.verdict,
                               finding.code, finding.seen, finding.expected, ""});
  }
  LintFindings findings(result);
  RemarkBoot(judgement.facts, findings);
  return result;
}

}  // namespace preseal::server
