// SPDX-License-Identifier: Apache-2.0
// Boot event logs: parse, replay, judge with and without a quote, hold against a policy. Links
// server_event_log only.
#include <cstdlib>

#include "common/base/limits.h"
#include "server/domain/event_log/boot_policy.h"
#include "server/domain/event_log/event_log.h"
#include "server/domain/event_log/event_log_judge.h"

namespace {

void Check(bool invariant) {
  if (!invariant) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using preseal::server::QuotedBank;
  const auto log = preseal::server::ParseEventLog({data, size});
  Check(log.events.size() <= preseal::kEventLogEventsMax);
  std::vector<QuotedBank> quoted;
  for (const auto& bank : preseal::server::ReplayEventLog(log)) {
    QuotedBank& out = quoted.emplace_back();
    out.algorithm = bank.algorithm;
    for (uint32_t pcr = 0; pcr < bank.pcrs.size(); ++pcr) out.values[pcr] = bank.pcrs[pcr].value;
  }
  const auto alone = preseal::server::JudgeEventLog(log, {}, {});
  const auto judged = preseal::server::JudgeEventLog(log, quoted, {});
  // Damage is never accepted, a quote that is the log's own replay never a mismatch.
  Check(!log.fault || (alone.refused() && judged.refused()));
  Check(judged.code != preseal::server::RefusalCode::kEventLogReplayMismatch);
  Check(!judged.findings.empty());
  Check(!preseal::server::JudgeBoot(judged.facts, quoted, {}).empty());
  return 0;
}
