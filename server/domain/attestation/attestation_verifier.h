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
#include "common/crypto/certificate.h"
#include "common/crypto/key.h"
#include "common/status/status.h"
#include "common/tpmwire/hash.h"
#include "common/tpmwire/pcr.h"
#include "common/tpmwire/public_area.h"
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
};

// What a TPM certificate past its end means.
enum class ExpiredEk { kRefuse, kAcceptWithFinding };

struct AttestationPolicy {
  std::vector<crypto::Certificate> ek_roots;          // makers of TPM chips
  std::vector<crypto::Certificate> ek_intermediates;  // helpers, never trusted by themselves
  std::vector<crypto::Certificate> lab_roots;         // what ends here is marked lab
  ExpiredEk expired_ek = ExpiredEk::kRefuse;
};

// The session's and the record's side.
struct AttestationContext {
  Bytes session_id;
  Bytes nonce;
  tpmwire::Sha256Digest server_leaf_sha256{};
  tpmwire::PcrSelections pcrs;  // as asked in S0
  WallTime now;
  const AttestationPolicy* policy = nullptr;  // never null, outlives the call

  std::string device_id;  // the record that enrols
  // The record this EK belongs to, if any; look it up with EkSpkiSha256.
  std::optional<std::string> device_bound_to_ek;
  // The EK this record has, if any.
  std::optional<tpmwire::Sha256Digest> ek_bound_to_device;
};

// What is now proved.
struct AttestedFacts {
  bool lab = false;  // through a lab root: not for production
  tpmwire::Sha256Digest ek_spki_sha256{};
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

struct AttestationVerdict {
  RefusalCode code = RefusalCode::kNone;
  std::string seen;
  std::string expected;
  std::vector<AttestationFinding> findings;  // up to and including the one that decided
  std::optional<AttestedFacts> facts;        // only if accepted

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
