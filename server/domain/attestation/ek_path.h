// SPDX-License-Identifier: Apache-2.0
// Finds how an EK certificate leads to a root. Our own search, by signature and never by name
// alone, because vendors' chains break the usual rules in known ways: an issuer may have expired
// since it issued, and several issuers share one name. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/crypto/certificate.h"
#include "server/domain/attestation/trust_bundle.h"
#include "server/domain/refusal/refusal.h"

namespace preseal::server {

struct EkIssuers {
  const std::vector<crypto::Certificate>* roots = nullptr;
  const std::vector<crypto::Certificate>* lab_roots = nullptr;
  const std::vector<crypto::Certificate>* intermediates = nullptr;  // of the configuration
  std::vector<crypto::Certificate> sent;                            // by the device
  const TrustBundle* notes = nullptr;  // for its SHA-1 exceptions; null: none

  // The pools of a bundle, which must outlive this.
  static EkIssuers Of(const TrustBundle& trust, std::vector<crypto::Certificate> sent);
};

struct EkPath {
  std::vector<crypto::Certificate> issuers;  // leaf's issuer first, root last
  bool found = false;
  bool lab = false;     // the root is a lab root
  bool forged = false;  // somebody carries the name of a missing issuer without having signed
};

struct PathFault {
  RefusalCode code = RefusalCode::kNone;
  std::string seen;
  std::string expected;
};

// The first path without a fault, else the first path, else found = false. At most
// kEkChainDepthMax issuers and kEkSignatureChecksMax signature checks; more is not found.
EkPath FindEkPath(const crypto::Certificate& leaf, const EkIssuers& issuers);

// What is wrong with a path, kNone if nothing: one function per rule.
// Keys below RSA-2048 or ECC-224, signatures over less than SHA-256. `notes`, unless null, may
// accept SHA-1 (never MD5) below an authority.
PathFault WeakSignatureIn(const crypto::Certificate& leaf, const EkPath& path,
                          const TrustBundle* notes);
// Authorities that may not issue, exceed a path length, or carry a critical extension that is not
// evaluated here, such as name constraints: what it would forbid cannot be known.
PathFault BadIssuerIn(const EkPath& path);
// The leaf must have been issued within each issuer's validity; that an issuer ended since is fine.
PathFault IssuedOutOfTime(const crypto::Certificate& leaf, const EkPath& path);

}  // namespace preseal::server
