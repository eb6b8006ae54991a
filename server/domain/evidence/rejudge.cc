// SPDX-License-Identifier: Apache-2.0
#include "server/domain/evidence/rejudge.h"

#include <optional>
#include <utility>

#include "common/tpmwire/binding.h"
#include "server/domain/evidence/trust_used.h"

namespace preseal::server {
namespace {

// Whether the recorded proof opens the recorded credential: none if there was nothing to prove, or
// the device never answered.
RefusalCode ActivationCode(const EvidenceRecord& record, const RecordedMessages& messages) {
  if (!record.activation || !record.activation->proof_time || !messages.credential) {
    return RefusalCode::kNone;
  }
  const auto transcript =
      tpmwire::TranscriptHash(record.challenge, record.evidence, record.credential);
  return VerifyActivationProof(Secret(Bytes(record.activation->secret)), transcript, record.proof,
                               *record.activation->proof_time, messages.credential->expire_time,
                               record.activation->replayed);
}

}  // namespace

void NoteVerdict(const AttestationEvidence& evidence, const AttestationContext& context,
                 const AttestationVerdict& verdict, const PolicyCodec& policies,
                 EvidenceRecord* record) {
  record->device = context.record.device_id;
  record->verify_time = context.now;
  record->server_leaf_sha256 = context.server_leaf_sha256;
  record->record = context.record;
  std::string text = policies.write(*context.policy);
  record->policy = {.name = context.policy->name,
                    .version = context.policy->version,
                    .sha256 = crypto::Sha256(AsBytes(text)),
                    .text = std::move(text)};
  record->trust = TrustUsed(*context.trust, evidence, context.record);
  record->outcome = verdict.outcome;
  record->code = verdict.code;
  record->seen = verdict.seen;
  record->expected = verdict.expected;
  record->findings = Recorded(verdict.findings);
}

void NoteRefusal(RefusalCode code, std::string_view seen, std::string_view expected,
                 EvidenceRecord* record) {
  record->outcome = AttestationOutcome::kRefused;
  record->code = code;
  record->seen = std::string(seen);
  record->expected = std::string(expected);
}

Rejudgement Rejudge(const EvidenceRecord& record, const RecordedMessages& messages,
                    const AttestationPolicy& policy, const TrustBundle& trust) {
  const AttestationContext context{.session_id = messages.challenge.session_id,
                                   .nonce = messages.challenge.nonce,
                                   .server_leaf_sha256 = record.server_leaf_sha256,
                                   .pcrs = messages.challenge.pcrs,
                                   .now = record.verify_time,
                                   .policy = &policy,
                                   .trust = &trust,
                                   .record = record.record};
  AttestationVerdict verdict = VerifyAttestation(messages.evidence.evidence, context);
  Rejudgement out{.outcome = verdict.outcome,
                  .code = verdict.code,
                  .seen = std::move(verdict.seen),
                  .expected = std::move(verdict.expected),
                  .findings = Recorded(verdict.findings),
                  .facts = std::move(verdict.facts)};
  if (!out.facts) return out;
  if (const RefusalCode code = ActivationCode(record, messages); code != RefusalCode::kNone) {
    out.outcome = AttestationOutcome::kRefused;
    out.code = code;
    out.seen.clear();
    out.expected.clear();
  }
  return out;
}

}  // namespace preseal::server
