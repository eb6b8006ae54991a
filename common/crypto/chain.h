// SPDX-License-Identifier: Apache-2.0
// Certification path validation (RFC 5280), with the answer as a value. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/crypto/certificate.h"
#include "common/status/status.h"

namespace preseal::crypto {

enum class ChainOutcome {
  kUntrusted,  // no path to a root of ours
  kTrusted,
  kBadSignature,    // a certificate names an issuer whose key did not sign it
  kExpired,         // at the asked time
  kNotYetValid,     // at the asked time
  kNotACa,          // an issuer in the path may not issue
  kWrongPurpose,    // the leaf lacks the asked extended key usage
  kTooDeep,         // more certificates between leaf and root than allowed
  kWeakCrypto,      // below 112 bits of security (SHA-1, RSA below 2048 bits)
  kBadCertificate,  // malformed, an unknown critical extension, or another rule broken
};
// "untrusted", "bad signature", …
std::string_view ToText(ChainOutcome outcome);

struct ChainPolicy {
  WallTime at;
  // Extended key usage the leaf must list, dotted; empty asks for none. anyExtendedKeyUsage does
  // not count: who accepts everything has not been made for this.
  std::string purpose_oid;
  // Certificates allowed between leaf and root.
  int depth_max = 5;
  // Only to judge vendors' certificates from before 2016; the root's own signature never matters.
  bool allow_weak_crypto = false;
};

struct ChainVerdict {
  ChainOutcome outcome = ChainOutcome::kUntrusted;
  // One line for a person: which certificate, and what was wrong with it. Escape before printing.
  std::string detail;
  // The path used, leaf first, root last; complete only if trusted.
  std::vector<Certificate> chain;

  bool trusted() const { return outcome == ChainOutcome::kTrusted; }
};

// Looks for a path from `leaf` through any of `intermediates` (order and strangers do not matter)
// to one of `roots`. A root need not be self-signed: some TPM vendors publish theirs only as signed
// by a public CA. `leaf` itself is never accepted as its own root. Revocation and names are not
// checked.
// INTERNAL only when memory runs out.
StatusOr<ChainVerdict> VerifyChain(const Certificate& leaf,
                                   const std::vector<Certificate>& intermediates,
                                   const std::vector<Certificate>& roots,
                                   const ChainPolicy& policy);

}  // namespace preseal::crypto
