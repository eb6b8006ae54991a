// SPDX-License-Identifier: Apache-2.0
// One key with its certificate, as the CA folder holds them; for this folder's .cc files only.
#pragma once

#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/crypto/certificate.h"
#include "common/crypto/issue.h"
#include "common/crypto/key.h"
#include "common/status/status.h"
#include "server/adapters/ca/ca_files.h"

namespace preseal::server {

struct CaIdentity {
  crypto::PrivateKey key;
  crypto::Certificate certificate;
  std::string key_uri;  // of a key in a token; empty: a key file

  crypto::IssuerRef ref() const { return {certificate, key}; }
};

// Reads a pair and checks that they belong together; of a bundle the first certificate. Errors as
// CaStore::Load.
StatusOr<CaIdentity> LoadIdentity(const CaFiles::Pair& pair);
// The same for an authority.
StatusOr<CaIdentity> LoadCa(const CaFiles::Pair& pair);
// Key first, certificate last: the certificate makes the pair exist.
Status WriteIdentity(const CaFiles::Pair& pair, const CaIdentity& identity);
Status WriteCertificates(const std::filesystem::path& path,
                         const std::vector<crypto::Certificate>& certificates);

// A new P-256 key, or the one in a token that `uri` names.
StatusOr<CaIdentity> MakeCa(const std::string& key_uri, const std::string& organisation,
                            Authority authority, WallTime now);
StatusOr<CaIdentity> MakeSealSigner(const std::string& organisation, const CaIdentity& seal_ca,
                                    WallTime now);

// One issuing key of an authority.
struct CaGeneration {
  int number = 0;
  CaIdentity identity;
  // No certificate under it is valid any more; max() for the newest one, which still issues.
  WallTime superseded = WallTime::max();
};

// All that are not retired, ascending, never empty but for the lab's in a folder older than it.
// NOT_FOUND as CaStore::Load.
StatusOr<std::vector<CaGeneration>> LoadGenerations(const CaFiles& files, Authority authority);
// Certificates of those under which a valid certificate may exist at `now`; newest first.
std::vector<crypto::Certificate> TrustedAt(const std::vector<CaGeneration>& generations,
                                           WallTime now);

}  // namespace preseal::server
