// SPDX-License-Identifier: Apache-2.0
#include "server/service/evidence/evidence_office.h"

#include <algorithm>
#include <utility>

namespace preseal::server {
namespace {

// Sequence and digest of the record before; of none for the first.
StatusOr<StoredEvidence> Before(Tx& tx) {
  auto last = tx.evidence.LastEvidence();
  if (last.ok()) return last;
  if (last.status().code() != StatusCode::kNotFound) return last.status();
  return StoredEvidence{.sequence = 0, .record_sha256 = ToBytes(crypto::Digest256{})};
}

}  // namespace

Status EvidenceOffice::Record(Tx& tx, const EvidenceDraft& draft, WallTime now) const {
  ASSIGN_OR_RETURN(const StoredEvidence before, Before(tx));
  EvidenceRecord record = draft;
  record.site = site_;
  record.sequence = before.sequence + 1;
  if (before.record_sha256.size() != record.previous_sha256.size()) {
    return DataLoss("the last record's digest is damaged");
  }
  std::copy(before.record_sha256.begin(), before.record_sha256.end(),
            record.previous_sha256.begin());
  record.verifier_version = PRESEAL_VERSION;
  record.decide_time = now;
  ASSIGN_OR_RETURN_CTX(const std::string payload, EncodeRecord(record), "write evidence down");
  ASSIGN_OR_RETURN_CTX(std::string jws, signer_.SignEvidence(payload), "sign evidence");
  ASSIGN_OR_RETURN(const DeviceId device, DeviceId::Parse(record.device));
  return tx.evidence.AppendEvidence({.sequence = record.sequence,
                                     .record_sha256 = ToBytes(crypto::Sha256(AsBytes(payload))),
                                     .previous_sha256 = before.record_sha256,
                                     .jws = std::move(jws)},
                                    device, record.outcome != AttestationOutcome::kRefused);
}

}  // namespace preseal::server
