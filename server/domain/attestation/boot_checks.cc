// SPDX-License-Identifier: Apache-2.0
// The boot behind a quote that verified: its event log, then what the floor demands of it.
#include <fmt/format.h>

#include <algorithm>

#include "common/base/bytes.h"
#include "server/domain/attestation/attestation_checks.h"
#include "server/domain/event_log/event_log_judge.h"

namespace preseal::server {
namespace {

constexpr int kPresenceNumber = 900;
constexpr std::string_view kPresence = "event log present";
constexpr int kDigestNumber = 915;
constexpr std::string_view kDigest = "the signed PCR digest is the replayed one";

using Findings = std::vector<AttestationFinding>;

// The quoted banks with the values the device sent, which check 809 has compared with the digest.
std::vector<QuotedBank> BanksOf(const Examination& e,
                                const std::vector<tpmwire::PcrValue>& values) {
  std::vector<QuotedBank> banks;
  for (const tpmwire::PcrSelection& selection : e.quote.quote()->selections) {
    QuotedBank bank{selection.hash_algorithm, !selection.empty(), {}};
    for (const tpmwire::PcrValue& value : values) {
      if (value.hash_algorithm == bank.algorithm) bank.values[value.index] = value.value;
    }
    banks.push_back(std::move(bank));
  }
  return banks;
}

// The values the quoted PCRs have if the log is true. A bank the log does not feed has none: the
// judge refuses it for that.
std::vector<tpmwire::PcrValue> Replayed(const Examination& e,
                                        const std::vector<ReplayedBank>& replayed) {
  std::vector<tpmwire::PcrValue> values;
  for (const tpmwire::PcrSelection& selection : e.quote.quote()->selections) {
    const ReplayedBank* bank = FindBank(replayed, selection.hash_algorithm);
    if (bank == nullptr) continue;
    for (uint32_t pcr = 0; pcr < tpmwire::kPcrCount; ++pcr) {
      if (selection.Selects(pcr)) {
        values.push_back({selection.hash_algorithm, pcr, bank->pcrs[pcr].value});
      }
    }
  }
  return values;
}

EventLogPolicy LogPolicyFor(const Examination& e) {
  EventLogPolicy policy;
  for (const OpenBankRule& rule : e.context.policy->open_banks) {
    if (rule.model == e.context.record.model) policy.open_banks_allowed[rule.bank] = rule.reason;
  }
  return policy;
}

BootPolicy BootPolicyFor(const Examination& e) {
  BootPolicy policy = e.context.policy->boot;
  policy.golden_required = e.context.policy->golden == GoldenUse::kEnforce;
  if (policy.golden_required) policy.golden = e.context.record.golden;
  return policy;
}

bool Refused(const Findings& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const auto& f) { return f.verdict == CheckVerdict::kFail; });
}

// Only what was assumed from the log needs this; values that were sent were compared before.
AttestationFinding DigestIsTheReplayed(const Examination& e) {
  AttestationFinding finding{kDigestNumber, kDigest, CheckVerdict::kPass, {}, {}, {}};
  const auto& quote = *e.quote.quote();
  const auto digest = tpmwire::PcrDigest(tpmwire::HashAlg::kSha256, quote.selections, e.pcr_values);
  if (digest.ok() && *digest == quote.pcr_digest) return finding;
  finding.verdict = CheckVerdict::kFail;
  finding.code = RefusalCode::kEventLogReplayMismatch;
  finding.seen = digest.ok() ? ToHex(*digest) : MessageOf(digest.status());
  finding.expected = ToHex(quote.pcr_digest);
  return finding;
}

// Without a log nothing explains a PCR; values two people approved can still be compared.
Findings JudgeWithoutLog(Examination& e) {
  const bool required = e.context.policy->event_log == EventLogUse::kRequire;
  Findings findings = {
      {kPresenceNumber, kPresence, required ? CheckVerdict::kFail : CheckVerdict::kFinding,
       required ? RefusalCode::kEventLogMissing : RefusalCode::kNone,
       e.evidence.event_log.empty() ? "no event log" : "an event log, not judged", "an event log"}};
  if (required || e.context.policy->golden == GoldenUse::kOff) return findings;
  BootPolicy policy = BootPolicyFor(e);
  policy.secure_boot = policy.setup_mode_off = policy.no_firmware_error = Demand::kOff;
  policy.no_debug_mode = policy.dma_protection = Demand::kOff;
  policy.dbx_minimum.clear();
  policy.authorities_allowed.clear();
  const auto boot = JudgeBoot({}, BanksOf(e, e.pcr_values), policy, e.context.record.model);
  findings.insert(findings.end(), boot.begin(), boot.end());
  return findings;
}

}  // namespace

std::vector<AttestationFinding> JudgeStart(Examination& e) {
  if (e.evidence.event_log.empty() || e.context.policy->event_log == EventLogUse::kOff) {
    return JudgeWithoutLog(e);
  }
  const ParsedEventLog log = ParseEventLog(e.evidence.event_log);
  const bool assumed = e.evidence.pcr_values.empty();
  if (assumed) e.pcr_values = Replayed(e, ReplayEventLog(log));
  const std::vector<QuotedBank> banks = BanksOf(e, e.pcr_values);
  EventLogJudgement judgement = JudgeEventLog(log, banks, LogPolicyFor(e));
  Findings findings = std::move(judgement.findings);
  if (judgement.refused()) return findings;
  if (assumed) findings.push_back(DigestIsTheReplayed(e));
  if (Refused(findings)) return findings;
  const auto boot = JudgeBoot(judgement.facts, banks, BootPolicyFor(e), e.context.record.model);
  findings.insert(findings.end(), boot.begin(), boot.end());
  return findings;
}

}  // namespace preseal::server
