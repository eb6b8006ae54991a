// SPDX-License-Identifier: Apache-2.0
// The messages of one enrolment as values, for whoever judges them: now or years later. Pure.
#pragma once

#include <optional>
#include <string>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/status/status.h"
#include "common/tpmwire/pcr.h"
#include "server/domain/attestation/attestation_verifier.h"

namespace preseal::server {

// What the device says of itself (preseal.enrollment.v1.DeviceClaims). Not trusted.
struct DeviceClaims {
  std::string serial_number;
  std::string manufacturer;
  std::string model;
  std::string slot;
  std::string order_code;  // one-time code typed at the bench; empty if none was
  bool repeated = false;   // the agent asks again by itself after a refusal
};

struct DecodedEvidence {
  AttestationEvidence evidence;
  DeviceClaims claims;
};

// Reads a D1 message. Thread-safe. InvalidArgument: does not parse. ResourceExhausted: a field over
// its limit.
class EvidenceDecoder {
 public:
  virtual ~EvidenceDecoder() = default;
  virtual StatusOr<DecodedEvidence> Decode(ByteView message) const = 0;
};

// S0.
struct ChallengeFacts {
  Bytes session_id;  // kSessionIdBytes
  Bytes nonce;       // kNonceBytes
  WallTime server_time;
  WallTime expire_time;
  tpmwire::PcrSelections pcrs;
  // What the pass is judged by; empty in a challenge that does not say.
  Bytes policy_sha256;
  Bytes trust_bundle_sha256;
};
// S2.
struct CredentialFacts {
  Bytes credential_blob;
  Bytes encrypted_secret;
  WallTime expire_time;
};
// What was sent in one recorded pass. No credential: the evidence was refused before.
struct RecordedMessages {
  ChallengeFacts challenge;
  DecodedEvidence evidence;
  std::optional<CredentialFacts> credential;
};

// Reads the messages of a record. Thread-safe. Errors as EvidenceDecoder.
class RecordReader {
 public:
  virtual ~RecordReader() = default;
  // `credential` may be empty.
  virtual StatusOr<RecordedMessages> Read(ByteView challenge, ByteView evidence,
                                          ByteView credential) const = 0;
};

}  // namespace preseal::server
