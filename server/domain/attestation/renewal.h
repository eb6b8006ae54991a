// SPDX-License-Identifier: Apache-2.0
// Decides whether a connected device may have a new certificate for the key it uses: a fresh
// statement about that key and the boot, by the AK of its enrolment. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/crypto/certificate.h"
#include "common/crypto/key.h"
#include "common/status/status.h"
#include "common/tpmwire/hash.h"
#include "server/domain/attestation/attestation_verifier.h"
#include "server/domain/attestation/seal_quote.h"
#include "server/domain/attestation/trust_model.h"

namespace preseal::server {

// Closed and ordered as the checks run; the names are the record's, never rename. Beside them the
// quote's own, SealQuoteCode.
enum class RenewalCode : uint8_t {
  kNone = 0,
  kQuote,  // RenewalVerdict::quote says which
  kDeviceKeyChanged,
  kCertifySignature,
  kCertifyMagic,
  kCertifyType,
  kCertifyMalformed,
  kCertifySigner,
  kCertifyNonce,
  kCertifyName,
  kDeviceKeyHierarchy,
};

// RenewalStatement of preseal.device.v1, encodings there.
struct RenewalStatement {
  Bytes ak_public;
  Bytes device_key_public;
  Bytes certify_attest;
  Bytes certify_signature;
  Bytes quote_attest;
  Bytes quote_signature;
};

struct RenewalVerdict {
  RenewalCode code = RenewalCode::kNone;
  SealQuoteVerdict quote;
  std::string seen;
  std::string expected;

  bool accepted() const { return code == RenewalCode::kNone; }
};

// "DEVICE_KEY_CHANGED", or the quote's "PCR_CHANGED"; "" if accepted.
std::string_view CodeOf(const RenewalVerdict& verdict);
// One plain sentence, and what helps; "" if accepted.
std::string_view SentenceOf(const RenewalVerdict& verdict);
std::string_view RemedyOf(const RenewalVerdict& verdict);

// What enrolment proved, read again from its stored evidence. DataLoss: it does not parse.
StatusOr<EnrolledBootState> EnrolledStateOf(const AttestationEvidence& evidence);

//   device_key  TPMT_PUBLIC of the enrolment: the key the present certificate is for
//   binding     tpmwire::ComputeRenewalBinding of this order
// The boot must be that of the enrolment, PCR by PCR; a device that changed keeps the certificate
// it has and enrols again, where policy looks at it.
RenewalVerdict VerifyRenewal(const EnrolledBootState& enrolled, ByteView device_key,
                             const RenewalStatement& statement,
                             const tpmwire::Sha256Digest& binding);

// What a new certificate rests on, as stored: docs/formats.md "Renewal evidence". Its SHA-256 is
// the certificate's evidence digest.
//   certificate_sha256, nonce  of the order;   enrolment_sha256  evidence digest of the enrolment
Bytes RenewalEvidence(std::string_view device, ByteView certificate_sha256, ByteView nonce,
                      ByteView enrolment_sha256, const RenewalStatement& statement);

// The trust models a device certificate of ours states, in the order of the enum.
std::vector<TrustModel> TrustModelsOf(const crypto::Certificate& device);

}  // namespace preseal::server
