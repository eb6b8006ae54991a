// SPDX-License-Identifier: Apache-2.0
// What ties one enrolment together, computed alike by agent and server: the binding hash B in both
// TPM signatures, and the proof that a credential was opened. Definition:
// proto/preseal/enrollment/v1/enrollment.proto, comments on Evidence and Credential. Pure.
#pragma once

#include <string_view>

#include "common/base/bytes.h"
#include "common/base/secret.h"
#include "common/tpmwire/hash.h"

namespace preseal::tpmwire {

// Everything B covers. All fields are raw bytes exactly as sent.
struct BindingInput {
  ByteView session_id;  // 16 bytes, Challenge.session_id
  ByteView nonce;       // 32 bytes, Challenge.nonce
  ByteView
      server_leaf_sha256;    // SHA-256 of the server's TLS leaf certificate (DER) of this channel
  ByteView ek_public;        // Evidence.ek_public
  ByteView ek_certificate;   // Evidence.ek_certificate, padding included
  ByteView ak_name;          // NameOf(AK)
  ByteView device_key_name;  // NameOf(device key)
  ByteView event_log;        // Evidence.event_log, may be empty
  ByteView claims;           // Evidence.claims
};

// B.
Sha256Digest ComputeBinding(const BindingInput& input);

// B of a renewal: proto/preseal/device/v1/device.proto, RenewOrder.
//   device              "D-1042"
//   nonce               32 bytes, RenewOrder.nonce
//   certificate_sha256  of the certificate (DER) that opened the stream, 32 bytes
Sha256Digest ComputeRenewalBinding(std::string_view device, ByteView nonce,
                                   ByteView certificate_sha256);

// qualifyingData of TPM2_Certify and TPM2_Quote. One label each, so that a statement made for one
// cannot serve as the other.
Sha256Digest CertifyQualifyingData(const Sha256Digest& binding);
Sha256Digest QuoteQualifyingData(const Sha256Digest& binding);

// SHA-256( lp(S0) lp(D1) lp(S2) ), over the inner messages as they travelled.
Sha256Digest TranscriptHash(ByteView challenge, ByteView evidence, ByteView credential);
// D3: HMAC-SHA-256( HKDF-SHA-256(secret, salt "", info "preseal-proof-v1"), transcript ).
//   secret  what TPM2_ActivateCredential gave back: 32 bytes
Sha256Digest ComputeProof(const Secret& secret, const Sha256Digest& transcript);

// lp(x): 4-byte big-endian length, x; the parts one after the other.
Bytes LengthPrefixed(std::initializer_list<ByteView> parts);

}  // namespace preseal::tpmwire
