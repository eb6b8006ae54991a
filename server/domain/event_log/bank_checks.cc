// SPDX-License-Identifier: Apache-2.0
// Checks 902 and 904 to 906: the log against the quote, bank by bank.
#include <fmt/format.h>

#include <algorithm>

#include "server/domain/event_log/bank_hash.h"
#include "server/domain/event_log/event_log_checks.h"

namespace preseal::server {
namespace {

using enum RefusalCode;

// PCRs only firmware and our own medium extend before the quote is made. The others go on changing
// while a system runs.
bool IsJudged(uint32_t pcr) { return pcr <= 9 || pcr == 14; }

const QuotedBank* FindQuoted(const JudgeInput& in, uint16_t algorithm) {
  for (const QuotedBank& bank : in.quoted) {
    if (bank.algorithm == algorithm) return &bank;
  }
  return nullptr;
}

// Empty: the firmware measured into this bank. Otherwise anybody who runs later could extend it as
// he likes and write a log to match (CVE-2021-42299).
std::string WhyOpen(const JudgeInput& in, const QuotedBank& quoted) {
  const std::string name = BankName(quoted.algorithm);
  const ReplayedBank* replayed = FindBank(in.banks, quoted.algorithm);
  if (replayed == nullptr) return fmt::format("{} is allocated, the log does not feed it", name);
  const auto firmware_end = replayed->pcrs.begin() + kFirmwarePcrs;
  if (std::none_of(replayed->pcrs.begin(), firmware_end,
                   [](const ReplayedPcr& pcr) { return pcr.touched(); })) {
    return fmt::format("{}: no event in PCR 0 to 7", name);
  }
  size_t firmware = 0;
  size_t reset = 0;
  for (const auto& [pcr, value] : quoted.values) {
    if (pcr >= kFirmwarePcrs) break;
    ++firmware;
    if (value == ResetPcrValue(in.log, value.size(), pcr)) ++reset;
  }
  if (firmware > 0 && reset == firmware) {
    return fmt::format("{}: PCR 0 to 7 were never extended in the TPM", name);
  }
  return {};
}

bool IsLive(const JudgeInput& in, const QuotedBank& quoted) {
  return quoted.allocated && WhyOpen(in, quoted).empty();
}

void CompareBank(const JudgeInput& in, const QuotedBank& quoted, FindingSink& sink) {
  const ReplayedBank& replayed = *FindBank(in.banks, quoted.algorithm);
  for (const auto& [pcr, value] : quoted.values) {
    if (pcr >= replayed.pcrs.size() || !replayed.pcrs[pcr].touched()) continue;
    const Bytes& expected = replayed.pcrs[pcr].value;
    if (value == expected) continue;
    const std::string seen =
        fmt::format("{} PCR {}: quoted {}", BankName(quoted.algorithm), pcr, ToHex(value));
    sink.FailUnless(!IsJudged(pcr), kEventLogReplayMismatch, seen,
                    fmt::format("{} by the log", ToHex(expected)));
  }
}

void ExplainBank(const JudgeInput& in, const QuotedBank& quoted, FindingSink& sink) {
  const ReplayedBank& replayed = *FindBank(in.banks, quoted.algorithm);
  for (const auto& [pcr, value] : quoted.values) {
    if (pcr >= replayed.pcrs.size() || replayed.pcrs[pcr].touched()) continue;
    const std::string name = fmt::format("{} PCR {}", BankName(quoted.algorithm), pcr);
    if (pcr < kFirmwarePcrs) {
      sink.Fail(kEventLogUnextendedPcr, name + " has no events", "at least one");
    } else if (value != replayed.pcrs[pcr].value) {
      sink.FailUnless(!IsJudged(pcr), kEventLogUnextendedPcr,
                      fmt::format("{} has no events and is {}", name, ToHex(value)),
                      fmt::format("{}, as after a reset", ToHex(replayed.pcrs[pcr].value)));
    }
  }
}

}  // namespace

void CheckSha256Bank(const JudgeInput& in, FindingSink& sink) {
  if (!in.log.Feeds(kBankSha256)) {
    return sink.Fail(kEventLogNoBank, EventLogFormatName(in.log.format) + " log without sha256",
                     "sha256 in every record");
  }
  if (!in.has_quote()) return;
  const QuotedBank* quoted = FindQuoted(in, kBankSha256);
  if (quoted == nullptr || !quoted->allocated) {
    return sink.Fail(kEventLogNoBank, "sha256 is not quoted", "sha256 allocated and quoted");
  }
  for (uint32_t pcr = 0; pcr < kFirmwarePcrs; ++pcr) {
    if (quoted->values.contains(pcr)) continue;
    sink.Fail(kEventLogNoBank, fmt::format("sha256 PCR {} is not quoted", pcr), "PCR 0 to 7");
  }
}

void CheckOpenBanks(const JudgeInput& in, FindingSink& sink) {
  for (const QuotedBank& quoted : in.quoted) {
    if (!quoted.allocated) continue;
    const std::string open = WhyOpen(in, quoted);
    if (open.empty()) continue;
    const auto allowed = in.policy.open_banks_allowed.find(quoted.algorithm);
    if (allowed == in.policy.open_banks_allowed.end()) {
      sink.Fail(kEventLogBankCapped, open, "every allocated bank fed by the firmware");
    } else {
      sink.Note(fmt::format("{}; allowed: {}", open, allowed->second),
                "every allocated bank fed by the firmware");
    }
  }
  if (!in.has_quote()) return;
  for (const ReplayedBank& bank : in.banks) {
    const QuotedBank* quoted = FindQuoted(in, bank.algorithm);
    if (quoted != nullptr && quoted->allocated) continue;
    sink.Note(fmt::format("the log feeds {}, the quote lacks it", BankName(bank.algorithm)),
              "the banks the TPM has");
  }
}

void CheckReplay(const JudgeInput& in, FindingSink& sink) {
  for (const QuotedBank& quoted : in.quoted) {
    if (IsLive(in, quoted)) CompareBank(in, quoted, sink);
  }
}

void CheckExplained(const JudgeInput& in, FindingSink& sink) {
  for (const QuotedBank& quoted : in.quoted) {
    if (IsLive(in, quoted)) ExplainBank(in, quoted, sink);
  }
}

}  // namespace preseal::server
