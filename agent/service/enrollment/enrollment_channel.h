// SPDX-License-Identifier: Apache-2.0
// Enrolment as the agent sees it; the wire form is preseal.enrollment.v1. What both sides hash
// travels here as raw bytes beside its meaning.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "agent/service/enrollment/tpm_port.h"
#include "common/base/bytes.h"
#include "common/status/status.h"

namespace preseal::agent {

// What the device says of itself; the serial selects its record, the rest is shown.
struct DeviceClaims {
  std::string serial_number;
  std::string manufacturer;
  std::string model;
  std::string system_uuid;
  std::vector<std::string> mac_addresses;
  std::string agent_version;
  std::string slot;
  std::string sku;         // the machine's, may be empty
  std::string order_code;  // as typed at the bench, may be empty
  bool repeated = false;   // asked again by ourselves after a refusal
  TpmProperties tpm;
};

// S0
struct EnrollmentChallenge {
  Bytes raw;  // as received
  uint32_t protocol_version = 0;
  Bytes session_id;
  Bytes nonce;
  std::vector<PcrMask> pcrs;
};

// D1
struct EnrollmentEvidence {
  Bytes ek_certificate;
  uint32_t ek_nv_index = 0;
  std::vector<Bytes> ek_chain;
  Bytes ek_public;
  Bytes ak_public;
  Bytes device_key_public;
  SignedStatement certify;
  SignedStatement quote;
  std::vector<tpmwire::PcrValue> pcr_values;  // empty if the event log explains them
  Bytes event_log;
  Bytes claims;
};

// S2
struct ActivationOrder {
  Bytes raw;  // as received
  Bytes credential_blob;
  Bytes encrypted_secret;
};

// S4, yes
struct Admission {
  std::string device_id;
  Bytes certificate;                     // DER
  std::vector<Bytes> certificate_chain;  // DER, issuer first
  bool lab = false;
  bool quarantined = false;  // only the quarantine profile runs, and no seal
};

// S4, no: one closed reason, and what helps.
struct EnrollmentRefusal {
  std::string code;     // "EK_CHAIN_UNTRUSTED"
  std::string message;  // one plain sentence
  std::string seen;
  std::string expected;
  std::string remedy;
  bool retry_allowed = false;
  uint32_t attempts_left = 0;  // before a person must unblock the device
};

struct EvidenceReply {
  Bytes evidence_raw;  // D1 as it was sent
  std::variant<ActivationOrder, EnrollmentRefusal> answer;
};

// One pass of the protocol, after S0. Dropping it breaks it off. One thread at a time.
// Errors: UNAVAILABLE the connection broke or the server is draining; DEADLINE_EXCEEDED the pass
// took too long; INVALID_ARGUMENT, RESOURCE_EXHAUSTED as the server says; INTERNAL the server broke
// the protocol.
class EnrollmentPass {
 public:
  virtual ~EnrollmentPass() = default;
  virtual const EnrollmentChallenge& challenge() const = 0;
  // DER of the certificate the server proved this connection with.
  virtual const Bytes& server_certificate() const = 0;
  // Serialized DeviceClaims.
  virtual Bytes EncodeClaims(const DeviceClaims& claims) const = 0;
  virtual StatusOr<EvidenceReply> SendEvidence(const EnrollmentEvidence& evidence) = 0;
  virtual StatusOr<std::variant<Admission, EnrollmentRefusal>> SendProof(ByteView proof) = 0;
  // Instead of evidence: asks for the result of an earlier pass that broke off after its D3.
  virtual StatusOr<std::variant<Admission, EnrollmentRefusal>> Resume(ByteView session_id,
                                                                      ByteView proof) = 0;
};

// The way to the enrolment server.
class EnrollmentChannel {
 public:
  virtual ~EnrollmentChannel() = default;
  // Connects and waits for the challenge. The server's clock starts here.
  virtual StatusOr<std::unique_ptr<EnrollmentPass>> Begin() = 0;
};

}  // namespace preseal::agent
