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
#include "server/service/device_ca.h"
#include "server/service/ports.h"
#include "server/service/trust_source.h"

namespace preseal::server {

struct AdmissionFacts {
  DeviceId device_id;
  IssuedCertificate certificate;
  bool lab = false;
};
struct RefusalFacts {
  RefusalCode code = RefusalCode::kNone;
  std::string seen;
  std::string expected;
};

// One enrolment, S0 to S4. Methods block on the store, are called in order, and each once; one
// thread at a time. An error means "could not find out", a refusal is an answer.
class EnrollmentPass {
 public:
  virtual ~EnrollmentPass() = default;
  virtual const ChallengeFacts& challenge() const = 0;
  // `challenge` and `evidence` are the messages as they travelled. DeadlineExceeded: too late.
  virtual StatusOr<std::variant<CredentialFacts, RefusalFacts>> OnEvidence(ByteView challenge,
                                                                           ByteView evidence) = 0;
  virtual StatusOr<std::variant<AdmissionFacts, RefusalFacts>> OnProof(ByteView credential,
                                                                       ByteView proof) = 0;
};

// Admits devices: attestation, activation, certificate. Thread-safe.
class Enrollment {
 public:
  // All must outlive this.
  Enrollment(Store& store, const Clock& clock, const EvidenceDecoder& decoder, DeviceCa& ca,
             const TrustSource& trust)
      : store_(store), clock_(clock), decoder_(decoder), ca_(ca), trust_(trust) {}

  // ResourceExhausted: kEnrollmentsInFlightMax. `server_leaf_sha256`: of the certificate this
  // connection's TLS handshake showed the device.
  StatusOr<std::unique_ptr<EnrollmentPass>> Begin(std::string station,
                                                  const crypto::Digest256& server_leaf_sha256);

 private:
  friend class Pass;
  Store& store_;
  const Clock& clock_;
  const EvidenceDecoder& decoder_;
  DeviceCa& ca_;
  const TrustSource& trust_;
  std::atomic<size_t> in_flight_{0};
};

// Findings as JSON, docs/formats.md "Attestation findings".
std::string FindingsJson(const std::vector<AttestationFinding>& findings);

}  // namespace preseal::server
