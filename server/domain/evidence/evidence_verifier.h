// SPDX-License-Identifier: Apache-2.0
// Checks an evidence file line by line: signature, chain, and the decision made once more. Needs no
// server, database or network. Pure. docs/formats.md "Evidence record", "Evidence file".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/crypto/certificate.h"
#include "server/domain/evidence/enrollment_messages.h"
#include "server/domain/evidence/evidence_chain.h"
#include "server/domain/evidence/evidence_record.h"
#include "server/domain/evidence/rejudge.h"
#include "server/domain/refusal/finding.h"

namespace preseal::server {

// What the checks of a record can never show; printed with every result.
inline constexpr std::string_view kEvidenceLimit =
    "EK<->AK link rests on the server's signature: activation is interactive and cannot be re-run";

struct EvidenceCheck {
  std::string_view name;
  CheckVerdict verdict = CheckVerdict::kPass;
  RefusalCode code = RefusalCode::kNone;  // EVIDENCE_MALFORMED or EVIDENCE_TAMPERED, if kFail
  std::string seen;                       // escaped
  std::string expected;
};

// One line of the file.
struct LineReport {
  uint64_t sequence = 0;  // 0: could not be read so far
  bool link_only = false;
  std::string device;
  std::optional<AttestationOutcome> outcome;  // as recorded
  RefusalCode recorded_code = RefusalCode::kNone;
  std::vector<EvidenceCheck> checks;  // up to the first that fails

  RefusalCode code() const;  // of the check that failed, kNone: same verdict
};

// Whose word counts; null takes the record's own, which is then said in a finding.
struct EvidenceTrust {
  const std::vector<crypto::Certificate>* signer_roots = nullptr;
  const std::vector<crypto::Certificate>* maker_roots = nullptr;  // hold the TPM's root
};

// Not thread-safe.
class EvidenceVerifier {
 public:
  // All must outlive this.
  EvidenceVerifier(const RecordReader& reader, const PolicyCodec& policies, EvidenceTrust trust,
                   ChainWalk::Extent extent = ChainWalk::Extent::kExcerpt)
      : reader_(reader), policies_(policies), trust_(trust), walk_(extent) {}

  // The next line, without its line feed. Never an error: what cannot be read is malformed.
  LineReport Line(std::string_view line);
  // After the last line. Records missing between those of several devices are a fault; between
  // those of one device a finding; nothing if none are missing.
  std::optional<EvidenceCheck> Finish() const;

 private:
  bool CheckSignature(std::string_view line, LineReport* report, EvidenceRecord* record,
                      std::string* payload) const;
  bool CheckSigner(std::string_view line, const EvidenceRecord& record, LineReport* report) const;
  bool CheckLink(const EvidenceLink& link, LineReport* report);
  LineReport LinkLine(std::string_view line);

  const RecordReader& reader_;
  const PolicyCodec& policies_;
  const EvidenceTrust trust_;
  ChainWalk walk_;
  std::string first_device_;
  bool several_devices_ = false;
};

// The decision made again, check by check, until one fails; false then.
bool CheckDecision(const EvidenceRecord& record, const RecordReader& reader,
                   const PolicyCodec& policies, const EvidenceTrust& trust,
                   std::vector<EvidenceCheck>* checks);

}  // namespace preseal::server
