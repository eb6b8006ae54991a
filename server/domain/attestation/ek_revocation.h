// SPDX-License-Identifier: Apache-2.0
// Whether the makers' revocation lists of the bundle name a certificate of an EK's path. Lists are
// never fetched: what a device's certificate says about where to look is not even read. Pure.
#pragma once

#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/crypto/certificate.h"
#include "server/domain/attestation/ek_path.h"
#include "server/domain/attestation/trust_bundle.h"

namespace preseal::server {

enum class RevocationState {
  kGood,     // a current list of each issuer was found, and none names the path
  kRevoked,  // some list of the issuer names it, however old that list is: revoked stays revoked
  kUnknown,  // no list of some issuer, or only old ones
};

struct RevocationAnswer {
  RevocationState state = RevocationState::kUnknown;
  std::string seen;  // one line for a person; empty if good
};

// Of the leaf and each authority of a found path but the root, which nobody can revoke but us.
// Revoked outweighs unknown.
RevocationAnswer RevocationOf(const crypto::Certificate& leaf, const EkPath& path,
                              const TrustBundle& trust, WallTime now);

}  // namespace preseal::server
