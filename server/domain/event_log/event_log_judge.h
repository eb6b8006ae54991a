// SPDX-License-Identifier: Apache-2.0
// Decides whether a boot event log explains what a TPM quoted, in every bank that is live, and
// whether its events are what they say. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "server/domain/event_log/boot_facts.h"
#include "server/domain/event_log/event_log.h"
#include "server/domain/event_log/quoted_bank.h"
#include "server/domain/event_log/replay.h"
#include "server/domain/refusal/finding.h"

namespace preseal::server {

struct EventLogPolicy {
  // Banks this model's firmware leaves open although allocated, each with the reason somebody gave
  // for allowing it; shown as a finding. Such a bank proves nothing and is not judged further.
  std::map<uint16_t, std::string> open_banks_allowed;
};

struct EventLogJudgement {
  // Every check's outcome, in order; a check that saw several things has several.
  std::vector<AttestationFinding> findings;
  RefusalCode code = RefusalCode::kNone;  // of the first that failed
  std::string seen;                       // of that one, safe to show
  std::string expected;
  std::vector<ReplayedBank> banks;  // up to a fault, whatever the verdict
  BootFacts facts;

  bool refused() const { return code != RefusalCode::kNone; }
};

// Runs checks 901 to 914. Damage of form (901) ends it: what is left of such a log is not judged.
//   quoted  the banks of a quote that verified, its selection compared with what was asked; empty:
//           the log alone is looked at. Then replay and banks are not judged, and a log that is
//           only a fragment (no separator in PCR 0 to 7, no event in PCR 7) gets findings where a
//           whole boot would be refused.
// With a quote SHA-256 must be allocated and cover PCR 0 to 7. PCR 0-9 and 14 are judged; others
// that are quoted and not explained, as a running system extends them, are findings.
// Does NOT judge the boot itself (Secure Boot off, old dbx): JudgeBoot does, on `facts`.
EventLogJudgement JudgeEventLog(const ParsedEventLog& log, const std::vector<QuotedBank>& quoted,
                                const EventLogPolicy& policy);

}  // namespace preseal::server
