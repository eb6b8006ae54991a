// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "server/domain/evidence/enrollment_messages.h"
#include "server/domain/evidence/evidence_chain.h"
#include "server/domain/evidence/policy_trial.h"
#include "server/domain/refusal/refusal.h"
#include "server/service/evidence/evidence_ports.h"
#include "server/service/ports.h"
#include "server/service/trust/trust_ports.h"

namespace preseal::server {

struct EvidenceAudit {
  RefusalCode code = RefusalCode::kNone;  // or EVIDENCE_TAMPERED, EVIDENCE_MALFORMED
  uint64_t sequence = 0;                  // the first bad one, if any
  std::string seen;
  std::string expected;
  uint64_t links = 0;    // looked at
  uint64_t records = 0;  // whose text is kept, signature checked
  Bytes head_sha256;     // of the last link: compare with a copy kept elsewhere
};

// An audit on its way. Begins as default.
struct EvidenceAuditWalk {
  EvidenceAudit audit;
  ChainWalk chain{ChainWalk::Extent::kWhole};
  uint64_t sequence = 0;  // looked at up to here
};

// Reads what the office wrote. Thread-safe; every call blocks on the store.
class EvidenceArchive final : public PolicyTrial {
 public:
  EvidenceArchive(Store& store, const EvidenceSigner& signer, const RecordReader& reader)
      : store_(store), signer_(signer), reader_(reader) {}

  // The whole chain, from the first link, with every kept record's signature and digest. Errors:
  // the store's.
  StatusOr<EvidenceAudit> Audit();
  // Some links of the same. False once `walk->audit` is the answer.
  StatusOr<bool> AuditMore(EvidenceAuditWalk* walk);
  // In the chain now.
  StatusOr<uint64_t> Links();
  // The next line of an evidence file after `*sequence`, which it advances; without line feed.
  // Nothing: the end. With a device only its records.
  StatusOr<std::optional<std::string>> NextLine(std::optional<DeviceId> device, uint64_t* sequence);
  // What `policy` would have said of the newest record of the device after `*device`, which it
  // advances. Nothing: no more devices. DataLoss: the record does not hold.
  StatusOr<std::optional<TrialResult>> TryNext(const AttestationPolicy& policy,
                                               std::optional<DeviceId>* device);
  StatusOr<uint64_t> DevicesWithEvidence();
  // Goes on to the last device, so that a record that does not hold is found whatever differs.
  StatusOr<std::vector<PolicyDifference>> Try(const AttestationPolicy& candidate,
                                              int limit) override;

 private:
  StatusOr<std::vector<StoredEvidence>> After(uint64_t sequence, std::optional<DeviceId> device,
                                              int limit);

  Store& store_;
  const EvidenceSigner& signer_;
  const RecordReader& reader_;
};

// The outcome, or of a refusal its code.
std::string_view WordOf(AttestationOutcome outcome, RefusalCode code);

}  // namespace preseal::server
