// SPDX-License-Identifier: Apache-2.0
// Decides whether the evidence of one enrolment proves a genuine TPM that holds the device key.
// Pure: time, nonces and what the database knows are arguments.
//
// The checks are a column of small functions, in the order of attestation_checks.h: cheap first,
// each with its own reason, the first failure decides. Nothing may be encrypted to an EK that was
// not accepted here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/secret.h"
#include "common/crypto/key.h"
#include "common/status/status.h"
#include "common/tpmwire/hash.h"
#include "common/tpmwire/pcr.h"
#include "common/tpmwire/public_area.h"
#include "server/domain/attestation/attestation_policy.h"
#include "server/domain/attestation/trust_bundle.h"
#include "server/domain/attestation/trust_model.h"
#include "server/domain/event_log/boot_policy.h"
#include "server/domain/refusal/finding.h"
#include "server/domain/refusal/refusal.h"

namespace preseal::server {

// What the device says of its TPM, from DeviceClaims. Only ever used against the device.
struct ClaimedTpm {
  uint32_t manufacturer = 0;  // TPM_PT_MANUFACTURER; 0 if not sent
  std::string vendor_string;
  uint64_t firmware_version = 0;  // 0 if not sent
};

// D1 as it arrived (preseal.enrollment.v1.Evidence, where encodings are given).
struct AttestationEvidence {
  Bytes ek_certificate;
  uint32_t ek_nv_index = 0;
  std::vector<Bytes> ek_chain;
  Bytes ek_public;
  Bytes ak_public;
  Bytes device_key_public;
  Bytes certify_attest;
  Bytes certify_signature;
  Bytes quote_attest;
  Bytes quote_signature;
  std::vector<tpmwire::PcrValue> pcr_values;
  Bytes event_log;
  Bytes claims;  // raw, as bound into B
  ClaimedTpm claimed_tpm;
  std::vector<uint16_t> implemented_banks;  // TPM_ALG_IDs as claimed; empty if not sent
};

// Whether a person stands for a TPM that nothing else vouches for.
enum class TokenState {
  kNone,     // no order code was given
  kWaiting,  // the code is good, nobody has approved yet
  kVouched,  // approved by name
};

// What the database knows of the record and of the keys in the evidence; looked up by the caller,
// kept with the evidence. Nothing here comes from the device.
struct RecordFacts {
  std::string device_id;     // the record that enrols
  std::string station;       // that the device enrols through
  std::string manufacturer;  // of the device, as ordered
  std::string model;
  // The record this EK belongs to, if any; look it up with EkSpkiSha256.
  std::optional<std::string> device_bound_to_ek;
  // The EK this record has, if any.
  std::optional<tpmwire::Sha256Digest> ek_bound_to_device;
  // The EK a named person approved to take the place of that one.
  std::optional<tpmwire::Sha256Digest> approved_ek;
  bool ek_listed = false;  // on the order's list of endorsement keys
  TokenState token = TokenState::kNone;
  // Other devices that showed the same attestation key or device key before.
  std::optional<std::string> device_of_ak;
  std::optional<std::string> device_of_tls_key;
  // TPMS_CLOCK_INFO.resetCount of the last accepted quote of this very EK.
  std::optional<uint32_t> last_reset_count;
  std::vector<GoldenSet> golden;  // approved for this model
  // Where the device sent none: the maker's certificate for this EK, from the imported cache.
  Bytes cached_ek_certificate;
};

// The session's and the record's side.
struct AttestationContext {
  Bytes session_id;
  Bytes nonce;
  tpmwire::Sha256Digest server_leaf_sha256{};
  tpmwire::PcrSelections pcrs;  // as asked in S0
  WallTime now;
  const AttestationPolicy* policy = nullptr;  // never null, outlives the call
  const TrustBundle* trust = nullptr;         // likewise
  RecordFacts record;
};

// What is now proved.
struct AttestedFacts {
  std::vector<TrustModel> trust_models;  // all that hold, in the order of the enum
  bool lab = false;                      // through a lab root: not for production
  tpmwire::Sha256Digest ek_spki_sha256{};
  std::optional<crypto::Digest256> ek_certificate_sha256;  // DER; none if nobody certified it
  tpmwire::PublicArea ek_public;
  tpmwire::PublicArea ak_public;
  Bytes ak_name;
  crypto::PublicKey device_key;
  Bytes certify_qualifying_data;
  Bytes quote_qualifying_data;
  tpmwire::PcrSelections quote_selections;
  std::vector<tpmwire::PcrValue> pcr_values;
  Bytes pcr_digest;
  uint64_t firmware_version = 0;  // signed
  uint32_t reset_count = 0;
  uint32_t restart_count = 0;
};

enum class AttestationOutcome { kRefused, kQuarantined, kAcceptedWithFindings, kAccepted };

struct AttestationVerdict {
  AttestationOutcome outcome = AttestationOutcome::kRefused;
  RefusalCode code = RefusalCode::kNone;  // also of a quarantine: why
  std::string seen;
  std::string expected;
  std::vector<AttestationFinding> findings;  // up to and including the one that decided
  std::optional<AttestedFacts> facts;        // unless refused
  // As far as the checks came: signed values, or what the event log says they are. Not proved
  // unless accepted; for proposals and for showing.
  std::vector<tpmwire::PcrValue> quoted_pcrs;

  // May go on to activation. A quarantined device may, for a certificate that is marked.
  bool accepted() const { return facts.has_value(); }
};

// All static checks, before anything is sent back. Never an error: what cannot be decided is
// refused. An accepted verdict still awaits VerifyActivationProof: only that ties AK and EK
// together.
AttestationVerdict VerifyAttestation(const AttestationEvidence& evidence,
                                     const AttestationContext& context);

// SHA-256 of the SubjectPublicKeyInfo of a TPMT_PUBLIC: the EK's key in the database.
// InvalidArgument if it does not parse.
StatusOr<tpmwire::Sha256Digest> EkSpkiSha256(ByteView ek_public);

// D3, in constant time.
//   secret      what MakeCredential encrypted
//   transcript  tpmwire::TranscriptHash of S0, D1, S2 as they travelled
//   expire_time from S2
//   already_used  this session's credential was answered before
// kNone, kActivationReplayed, kActivationExpired or kActivationFailed.
RefusalCode VerifyActivationProof(const Secret& secret, const tpmwire::Sha256Digest& transcript,
                                  ByteView proof, WallTime now, WallTime expire_time,
                                  bool already_used);

}  // namespace preseal::server
