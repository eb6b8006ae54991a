// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/clock.h"
#include "common/base/secret.h"
#include "common/crypto/digest.h"
#include "common/status/status.h"
#include "server/domain/attestation/attestation_verifier.h"
#include "server/domain/evidence/enrollment_messages.h"
#include "server/domain/refusal/refusal.h"
#include "server/service/enrollment/admission_gate.h"
#include "server/service/enrollment/enrollment_answers.h"
#include "server/service/enrollment/record_desk.h"
#include "server/service/evidence/evidence_office.h"
#include "server/service/identity/device_ca.h"
#include "server/service/ports.h"
#include "server/service/trust/trust_source.h"

namespace preseal::server {

// One enrolment, S0 to S4. Methods block on the store, are called in order, and each once; one
// thread at a time. An error means "could not find out", a refusal is an answer.
class EnrollmentPass {
 public:
  virtual ~EnrollmentPass() = default;
  virtual const ChallengeFacts& challenge() const = 0;
  // `challenge` and `evidence` are the messages as they travelled. DeadlineExceeded: too late.
  virtual StatusOr<std::variant<CredentialFacts, RefusalFacts>> OnEvidence(ByteView challenge,
                                                                           ByteView evidence) = 0;
  virtual StatusOr<EnrollmentAnswer> OnProof(ByteView credential, ByteView proof) = 0;
  // In place of OnEvidence: the answer of an earlier pass, which the device never heard.
  virtual StatusOr<EnrollmentAnswer> OnResume(ByteView session_id, ByteView proof) = 0;
};

// What an enrolment is made of; all of it outlives the Enrollment.
struct EnrollmentParts {
  Store& store;
  const Clock& clock;
  const EvidenceDecoder& decoder;
  DeviceCa& ca;
  const TrustSource& trust;
  RecordDesk& records;
  const EvidenceOffice& office;
  AdmissionGate& gate;
};

// Admits devices: attestation, activation, certificate. Thread-safe.
class Enrollment {
 public:
  explicit Enrollment(const EnrollmentParts& parts) : parts_(parts) {}

  // ResourceExhausted: kEnrollmentsInFlightMax. `peer`: the caller's address as gRPC writes it.
  // `server_leaf_sha256`: of the certificate this connection's TLS handshake showed the device.
  StatusOr<std::unique_ptr<EnrollmentPass>> Begin(std::string station, std::string peer,
                                                  const crypto::Digest256& server_leaf_sha256);

 private:
  friend class Pass;
  const EnrollmentParts parts_;
  EnrollmentAnswers answers_;
  std::atomic<size_t> in_flight_{0};
};

// Findings as JSON, docs/formats.md "Attestation findings".
std::string FindingsJson(const std::vector<AttestationFinding>& findings);

}  // namespace preseal::server
