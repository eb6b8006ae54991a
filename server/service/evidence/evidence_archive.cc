// SPDX-License-Identifier: Apache-2.0
#include "server/service/evidence/evidence_archive.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/limits.h"
#include "server/domain/evidence/evidence_chain.h"
#include "server/domain/evidence/evidence_record.h"

namespace preseal::server {
namespace {

constexpr int kAuditPage = 16;  // records of megabytes

crypto::Digest256 ToDigest(const Bytes& bytes) {
  crypto::Digest256 digest{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), digest.size()), digest.begin());
  return digest;
}

EvidenceLink ToLink(const StoredEvidence& stored) {
  return {.sequence = stored.sequence,
          .record_sha256 = ToDigest(stored.record_sha256),
          .previous_sha256 = ToDigest(stored.previous_sha256)};
}

struct OpenedRecord {
  RefusalCode code = RefusalCode::kNone;
  std::string seen;
  EvidenceRecord record;
};

OpenedRecord Refuse(RefusalCode code, std::string_view seen) {
  return {.code = code, .seen = EscapeForLog(seen, kNameBytesMax)};
}

// The text is the one the link names, signed by this site's signer, and of this place in the chain.
OpenedRecord Open(const StoredEvidence& stored, const EvidenceSigner& signer) {
  crypto::JwsPolicy policy{.type = kEvidenceRecordType,
                           .roots = signer.EvidenceRoots(),
                           .bytes_max = kEvidenceRecordBytesMax,
                           .any_signer = true};
  auto verdict = crypto::VerifyCompact(stored.jws, policy);
  if (!verdict.ok() || !verdict->accepted()) {
    return Refuse(RefusalCode::kEvidenceTampered, "a text that its signature does not cover");
  }
  auto record = DecodeRecord(verdict->payload);
  if (!record.ok()) return Refuse(RefusalCode::kEvidenceMalformed, MessageOf(record.status()));
  policy.any_signer = false;
  policy.at = record->decide_time;
  const auto trusted = crypto::VerifyCompact(stored.jws, policy);
  if (!trusted.ok() || !trusted->accepted()) {
    return Refuse(RefusalCode::kEvidenceTampered, "a text signed by somebody else");
  }
  const EvidenceLink link = ToLink(stored);
  if (crypto::Sha256(AsBytes(verdict->payload)) != link.record_sha256 ||
      record->sequence != link.sequence || record->previous_sha256 != link.previous_sha256) {
    return Refuse(RefusalCode::kEvidenceTampered, "a text that its link does not name");
  }
  return {.record = *std::move(record)};
}

void Note(const StoredEvidence& stored, RefusalCode code, std::string seen, std::string expected,
          EvidenceAudit* audit) {
  audit->code = code;
  audit->sequence = stored.sequence;
  audit->seen = std::move(seen);
  audit->expected = std::move(expected);
}

// False once something does not hold.
bool AuditOne(const StoredEvidence& stored, const EvidenceSigner& signer, ChainWalk* walk,
              EvidenceAudit* audit) {
  ++audit->links;
  audit->head_sha256 = stored.record_sha256;
  if (const auto fault = walk->Step(ToLink(stored), /*gap_allowed=*/false)) {
    Note(stored, RefusalCode::kEvidenceTampered, fault->seen, fault->expected, audit);
    return false;
  }
  if (stored.jws.empty()) return true;
  ++audit->records;
  OpenedRecord opened = Open(stored, signer);
  if (opened.code == RefusalCode::kNone) return true;
  Note(stored, opened.code, std::move(opened.seen), "the record as it was signed", audit);
  return false;
}

}  // namespace

StatusOr<std::vector<StoredEvidence>> EvidenceArchive::After(uint64_t sequence,
                                                             std::optional<DeviceId> device,
                                                             int limit) {
  std::vector<StoredEvidence> found;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(found, tx.evidence.EvidenceAfter(sequence, device, limit));
    return OkStatus();
  }));
  return found;
}

StatusOr<bool> EvidenceArchive::AuditMore(EvidenceAuditWalk* walk) {
  ASSIGN_OR_RETURN(const auto page, After(walk->sequence, std::nullopt, kAuditPage));
  for (const StoredEvidence& stored : page) {
    if (!AuditOne(stored, signer_, &walk->chain, &walk->audit)) return false;
    walk->sequence = stored.sequence;
  }
  return page.size() == static_cast<size_t>(kAuditPage);
}

StatusOr<EvidenceAudit> EvidenceArchive::Audit() {
  EvidenceAuditWalk walk;
  for (bool more = true; more;) {
    ASSIGN_OR_RETURN(more, AuditMore(&walk));
  }
  return walk.audit;
}

StatusOr<uint64_t> EvidenceArchive::Links() {
  uint64_t links = 0;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    const auto last = tx.evidence.LastEvidence();
    if (last.ok()) links = last->sequence;
    return last.ok() || last.status().code() == StatusCode::kNotFound ? OkStatus() : last.status();
  }));
  return links;
}

StatusOr<std::optional<std::string>> EvidenceArchive::NextLine(std::optional<DeviceId> device,
                                                               uint64_t* sequence) {
  ASSIGN_OR_RETURN(auto page, After(*sequence, device, 1));
  if (page.empty()) return std::optional<std::string>();
  *sequence = page[0].sequence;
  if (page[0].jws.empty()) return std::optional(EncodeLink(ToLink(page[0])));
  return std::optional(std::move(page[0].jws));
}

StatusOr<std::optional<TrialResult>> EvidenceArchive::TryNext(const AttestationPolicy& policy,
                                                              std::optional<DeviceId>* device) {
  StoredEvidence stored;
  DeviceId found;
  const Status read = store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(stored, tx.evidence.NewestEvidence(*device, &found));
    return OkStatus();
  });
  if (read.code() == StatusCode::kNotFound) return std::optional<TrialResult>();
  RETURN_IF_ERROR(read);
  *device = found;
  const OpenedRecord opened = Open(stored, signer_);
  if (opened.code != RefusalCode::kNone) {
    return DataLoss(fmt::format("evidence record {}: {}", stored.sequence, opened.seen));
  }
  ASSIGN_OR_RETURN(TrialResult result, TryPolicyOn(opened.record, reader_, policy));
  return std::optional(std::move(result));
}

StatusOr<uint64_t> EvidenceArchive::DevicesWithEvidence() {
  uint64_t count = 0;
  RETURN_IF_ERROR(store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(count, tx.evidence.DevicesWithEvidence());
    return OkStatus();
  }));
  return count;
}

StatusOr<std::vector<PolicyDifference>> EvidenceArchive::Try(const AttestationPolicy& candidate,
                                                             int limit) {
  std::vector<PolicyDifference> differences;
  std::optional<DeviceId> device;
  while (true) {
    ASSIGN_OR_RETURN(const auto result, TryNext(candidate, &device));
    if (!result) return differences;
    if (!result->changed() || differences.size() >= static_cast<size_t>(limit)) continue;
    differences.push_back({.device = result->device,
                           .before = std::string(WordOf(result->old_outcome, result->old_code)),
                           .after = std::string(WordOf(result->new_outcome, result->new_code))});
  }
}

std::string_view WordOf(AttestationOutcome outcome, RefusalCode code) {
  return outcome == AttestationOutcome::kRefused ? NameOf(code) : NameOf(outcome);
}

}  // namespace preseal::server
