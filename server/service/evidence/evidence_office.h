// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/base/clock.h"
#include "common/status/status.h"
#include "server/domain/evidence/evidence_record.h"
#include "server/domain/evidence/rejudge.h"
#include "server/service/evidence/evidence_ports.h"
#include "server/service/ports.h"

namespace preseal::server {

// Everything a pass knows, to be recorded. The pass fills it as it goes: messages as they travel,
// NoteVerdict after the static checks, `activation` with S2, NoteRefusal if something later says
// no, the certificate. The office adds site, sequence, previous record, version and decide_time.
using EvidenceDraft = EvidenceRecord;

// Writes evidence down. Thread-safe.
class EvidenceOffice {
 public:
  // `signer` must outlive this. `site` names the chain: the organisation.
  EvidenceOffice(const EvidenceSigner& signer, PolicyCodec policies, std::string site)
      : signer_(signer), policies_(std::move(policies)), site_(std::move(site)) {}

  // Inside a write job, so that decision and evidence are durable together. The one writer thread
  // gives each record its place. InvalidArgument: the draft cannot be written down or is too long;
  // the decision must then not stand.
  Status Record(Tx& tx, const EvidenceDraft& draft, WallTime now) const;

  const PolicyCodec& policies() const { return policies_; }

 private:
  const EvidenceSigner& signer_;
  const PolicyCodec policies_;
  const std::string site_;
};

}  // namespace preseal::server
