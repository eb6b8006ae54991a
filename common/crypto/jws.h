// SPDX-License-Identifier: Apache-2.0
// Signed JSON: JWS compact serialization (RFC 7515) with ES256 and the signer's certificates in
// "x5c". The algorithm is pinned: the text never chooses how it is checked. Pure, thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/crypto/certificate.h"
#include "common/crypto/chain.h"
#include "common/crypto/key.h"
#include "common/status/status.h"

namespace preseal::crypto {

// Value of the "typ" header of a birth certificate.
inline constexpr char kBirthCertificateType[] = "preseal-birth+jwt";
// The same of a service record.
inline constexpr char kServiceRecordType[] = "preseal-service+jwt";

//   type     the "typ" header
//   payload  a JSON object in UTF-8; signed byte for byte
//   chain    the signer's certificate, then CAs up to but without the root; 1 to
//            kJwsChainCertificatesMax
// INVALID_ARGUMENT if the payload is no JSON object, if the chain's size is out of range, if `key`
// does not belong to its first certificate, or if the result would exceed
// `bytes_max`.
StatusOr<std::string> SignCompact(std::string_view type, std::string_view payload,
                                  const PrivateKey& key, const std::vector<Certificate>& chain,
                                  size_t bytes_max = kJwsBytesMax);

enum class JwsOutcome {
  kMalformed,  // not three strict base64url parts of a JSON object, an object, 64 bytes
  kAccepted,
  kWrongAlgorithm,  // "alg" is not ES256
  kWrongType,       // "typ" is not the asked one
  kNoCertificate,   // "x5c" is missing, empty or does not parse
  kUntrusted,       // the chain was refused; JwsVerdict::chain says why
  kBadSignature,
};
// "malformed", "accepted", "wrong algorithm", …
std::string_view ToText(JwsOutcome outcome);

struct JwsPolicy {
  std::string_view type;
  const std::vector<Certificate>& roots;
  // When the signer must have been valid: when it signed, if that is known from elsewhere.
  WallTime at;
  // Extended key usage the signer must have.
  std::string purpose_oid = "1.3.6.1.5.5.7.3.36";  // documentSigning
  size_t bytes_max = kJwsBytesMax;
  // Believe the signer's own certificate, whoever issued it: then only integrity is shown. `roots`
  // and `at` are not used.
  bool any_signer = false;
};

struct JwsVerdict {
  JwsOutcome outcome = JwsOutcome::kMalformed;
  // One line for a person. Escape before printing.
  std::string detail;
  // Meaningful once the chain was looked at: accepted, untrusted, bad signature.
  ChainVerdict chain;
  // Both only if accepted.
  std::string payload;
  std::optional<Certificate> signer;

  bool accepted() const { return outcome == JwsOutcome::kAccepted; }
};

// White space around `jws` is not tolerated. INTERNAL only when memory runs out.
StatusOr<JwsVerdict> VerifyCompact(std::string_view jws, const JwsPolicy& policy);

}  // namespace preseal::crypto
