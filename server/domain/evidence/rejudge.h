// SPDX-License-Identifier: Apache-2.0
// Writes a verdict into a record, and reaches it again from the record alone. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"
#include "server/domain/attestation/attestation_verifier.h"
#include "server/domain/evidence/enrollment_messages.h"
#include "server/domain/evidence/evidence_record.h"

namespace preseal::server {

// How policies are written down: docs/formats.md, "Attestation policy".
struct PolicyCodec {
  std::function<std::string(const AttestationPolicy&)> write;
  // InvalidArgument: not a policy.
  std::function<StatusOr<AttestationPolicy>(std::string_view)> read;
};

// Everything the static checks were given and what came of it: verify_time, server leaf, policy,
// trust used, record facts, outcome, code, findings. VerifyAttestation must have been called with
// exactly these, with `context.now` in whole microseconds (it is recorded so).
void NoteVerdict(const AttestationEvidence& evidence, const AttestationContext& context,
                 const AttestationVerdict& verdict, const PolicyCodec& policies,
                 EvidenceRecord* record);
// A refusal after the static checks, as the activation's: replaces outcome and reason, and keeps
// the findings.
void NoteRefusal(RefusalCode code, std::string_view seen, std::string_view expected,
                 EvidenceRecord* record);

struct Rejudgement {
  AttestationOutcome outcome = AttestationOutcome::kRefused;
  RefusalCode code = RefusalCode::kNone;
  std::string seen;
  std::string expected;
  std::vector<RecordedFinding> findings;
  std::optional<AttestedFacts> facts;  // unless the static checks refused
};

// Static checks, then the recorded activation if the checks accept and there was one. By the given
// policy and trust, which may be other than the recorded ones.
Rejudgement Rejudge(const EvidenceRecord& record, const RecordedMessages& messages,
                    const AttestationPolicy& policy, const TrustBundle& trust);

}  // namespace preseal::server
