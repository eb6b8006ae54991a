// SPDX-License-Identifier: Apache-2.0
// What a site keeps of whose word about TPMs counts: every certificate and revocation list it ever
// imported, with what it said of each, as one version. A TrustBundle is what of it acts. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/crypto/certificate.h"
#include "common/crypto/digest.h"
#include "common/crypto/revocation_list.h"
#include "common/status/status.h"
#include "server/domain/attestation/trust_bundle.h"

namespace preseal::server {

enum class AnchorRole {
  kRoot,          // believed by itself
  kIntermediate,  // believed only below a root
  kLab,           // a root of virtual TPMs: what ends here is marked lab
};
// "root", "intermediate", "lab".
std::string_view NameOf(AnchorRole role);

struct Anchor {
  crypto::Certificate certificate;
  AnchorRole role = AnchorRole::kIntermediate;
  std::string vendor;       // at most kVendorBytesMax; empty if nobody said
  std::string sha1_reason;  // as AnchorNote; at most kTrustReasonBytesMax
};

struct TrustDocument {
  uint64_t version = 0;
  std::vector<Anchor> anchors;                      // by fingerprint, each once
  std::vector<std::string> allowed_vendors;         // empty: all. Lab roots are not narrowed
  std::vector<std::string> eku_optional;            // vendors, see TrustBundle
  std::vector<crypto::RevocationList> revocations;  // by fingerprint, each once
};

// Canonical JSON: keys and lists sorted, no white space, DER in base64; docs/formats.md, "Trust
// bundle".
std::string TrustText(const TrustDocument& document);
// INVALID_ARGUMENT names the path of what is wrong; RESOURCE_EXHAUSTED: over kTrustBundleBytesMax.
StatusOr<TrustDocument> ParseTrustText(std::string_view text);

// As it acts: without what allowed_vendors leaves out. `sha256` is that of TrustText.
TrustBundle ToBundle(const TrustDocument& document);

// Whether a certificate may be an anchor, and what to tell about one that may.
struct AnchorOpinion {
  std::string refusal;                // empty: may be one
  std::vector<std::string> findings;  // such as "expired 2025-10-20"
};
// A root must be self-signed or self-issued; every anchor a certificate authority with a key of
// RSA-2048 or P-256 or more. An expired one is only a finding: what it signed in time stays good.
AnchorOpinion Examine(const crypto::Certificate& certificate, AnchorRole role, WallTime now);

// What Examine would take the certificate for: root if its subject is its issuer.
AnchorRole LikelyRole(const crypto::Certificate& certificate);

enum class Merge { kAdded, kUnchanged, kChanged };
// Adds or replaces by fingerprint. Keeps what was said before where the new one says nothing.
Merge MergeAnchor(Anchor anchor, TrustDocument* document);
// Adds a list; drops lists of the same issuer and scope it supersedes (a later thisUpdate).
// kUnchanged also for one that is itself superseded.
Merge MergeRevocations(const crypto::RevocationList& list, TrustDocument* document);

}  // namespace preseal::server
