// SPDX-License-Identifier: Apache-2.0
#include "server/domain/evidence/policy_trial.h"

#include <algorithm>

#include "server/domain/evidence/trust_used.h"

namespace preseal::server {
namespace {

std::string FirstDiffering(const std::vector<RecordedFinding>& before,
                           const std::vector<RecordedFinding>& after) {
  const auto same = [](const RecordedFinding& a, const RecordedFinding& b) {
    return a.number == b.number && a.check == b.check && a.verdict == b.verdict && a.code == b.code;
  };
  const auto [old_at, new_at] =
      std::mismatch(before.begin(), before.end(), after.begin(), after.end(), same);
  if (new_at != after.end()) return new_at->check;
  return old_at != before.end() ? old_at->check : std::string();
}

}  // namespace

StatusOr<TrialResult> TryPolicyOn(const EvidenceRecord& record, const RecordReader& reader,
                                  const AttestationPolicy& policy) {
  ASSIGN_OR_RETURN(const RecordedMessages messages,
                   reader.Read(record.challenge, record.evidence, record.credential));
  ASSIGN_OR_RETURN(const TrustBundle trust, ToBundle(record.trust));
  const Rejudgement again = Rejudge(record, messages, policy, trust);
  return TrialResult{.device = record.device,
                     .sequence = record.sequence,
                     .old_outcome = record.outcome,
                     .old_code = record.code,
                     .new_outcome = again.outcome,
                     .new_code = again.code,
                     .differing_check = FirstDiffering(record.findings, again.findings),
                     .unproven = again.facts.has_value() && !record.activation.has_value()};
}

}  // namespace preseal::server
