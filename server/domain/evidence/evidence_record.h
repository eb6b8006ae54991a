// SPDX-License-Identifier: Apache-2.0
// One decision about one device with everything needed to make it again, without server, database
// or network. Format: docs/formats.md "Evidence record". Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/crypto/digest.h"
#include "common/status/status.h"
#include "server/domain/attestation/attestation_verifier.h"

namespace preseal::server {

// Value of the JWS header "typ".
inline constexpr char kEvidenceRecordType[] = "preseal-evidence+jwt";

// AttestationFinding as it was written down.
struct RecordedFinding {
  int number = 0;
  std::string check;
  std::string verdict;  // NameOf(CheckVerdict)
  std::string code;     // NameOf(RefusalCode), empty unless FAIL
  std::string seen;
  std::string expected;

  bool operator==(const RecordedFinding&) const = default;
};
std::vector<RecordedFinding> Recorded(const std::vector<AttestationFinding>& findings);

// "accepted", "accepted_with_findings", "quarantined", "refused".
std::string_view NameOf(AttestationOutcome outcome);

// What S2 was made of. Contains K.
struct ActivationRecord {
  Bytes secret;                        // K
  Bytes random;                        // of tpmwire::MakeCredential
  std::optional<WallTime> proof_time;  // when D3 came; none if it never did
  bool replayed = false;               // the session's credential had been answered before
};

struct PolicyRecord {
  std::string name;
  uint64_t version = 0;
  crypto::Digest256 sha256{};
  std::string text;
};

// The part of a trust bundle that one EK certificate can lead to, DER.
struct TrustRecord {
  uint64_t version = 0;
  crypto::Digest256 sha256{};
  std::vector<Bytes> roots;
  std::vector<Bytes> intermediates;
  std::vector<Bytes> lab_roots;
  std::vector<Bytes> revocations;  // lists of those authorities, DER
  std::vector<std::string> eku_optional;
  std::map<crypto::Digest256, AnchorNote> notes;  // on the certificates above, by fingerprint
};

struct EvidenceRecord {
  // The chain; filled by whoever writes the record down.
  std::string site;
  uint64_t sequence = 0;
  crypto::Digest256 previous_sha256{};
  std::string verifier_version;

  std::string device;
  WallTime decide_time;
  WallTime verify_time;  // AttestationContext::now
  AttestationOutcome outcome = AttestationOutcome::kRefused;
  RefusalCode code = RefusalCode::kNone;
  std::string seen;
  std::string expected;
  std::vector<RecordedFinding> findings;

  Bytes challenge;   // S0
  Bytes evidence;    // D1
  Bytes credential;  // S2, empty if refused before
  Bytes proof;       // D3, likewise
  crypto::Digest256 server_leaf_sha256{};
  std::optional<ActivationRecord> activation;
  Bytes certificate;  // DER, empty if refused
  std::vector<Bytes> certificate_chain;

  PolicyRecord policy;
  TrustRecord trust;
  RecordFacts record;
  std::string approver;  // who vouched or approved by name; empty: nobody had to
};

// docs/formats.md "Evidence digest".
crypto::Digest256 EvidenceDigest(const EvidenceRecord& record);

// The canonical payload. InvalidArgument: a number is 2^53 or more, or a text is no UTF-8.
StatusOr<std::string> EncodeRecord(const EvidenceRecord& record);
// InvalidArgument: longer than kEvidenceRecordBytesMax, not JSON, a field missing, unknown or
// wrong, its evidence digest not that of its messages, or any other byte than EncodeRecord gives.
StatusOr<EvidenceRecord> DecodeRecord(std::string_view payload);

}  // namespace preseal::server
