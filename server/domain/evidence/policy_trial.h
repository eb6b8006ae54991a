// SPDX-License-Identifier: Apache-2.0
// What another policy would have said of what was decided. Pure.
#pragma once

#include <string>

#include "server/domain/evidence/rejudge.h"

namespace preseal::server {

struct TrialResult {
  std::string device;
  uint64_t sequence = 0;
  AttestationOutcome old_outcome = AttestationOutcome::kRefused;
  RefusalCode old_code = RefusalCode::kNone;
  AttestationOutcome new_outcome = AttestationOutcome::kRefused;
  RefusalCode new_code = RefusalCode::kNone;
  // The first check that comes out otherwise, by name; empty if none does.
  std::string differing_check;
  // It was refused before activation: by the new rules the device would go on to prove itself,
  // which nothing recorded can stand in for.
  bool unproven = false;

  bool changed() const { return old_outcome != new_outcome || old_code != new_code; }
};

// Judges the record by `policy` and the trust it was judged by then, as of its own time.
// InvalidArgument: its messages or certificates do not parse.
StatusOr<TrialResult> TryPolicyOn(const EvidenceRecord& record, const RecordReader& reader,
                                  const AttestationPolicy& policy);

}  // namespace preseal::server
