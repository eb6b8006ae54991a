// SPDX-License-Identifier: Apache-2.0
// New issuing keys for the authorities, and the end of old ones. Changes files only: a running
// server goes on with what it has until SIGHUP or its next start.
//
// Each function holds the folder's lock: ABORTED if another command has it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/crypto/issue.h"
#include "common/status/status.h"
#include "server/adapters/ca/ca_files.h"

namespace preseal::server {

struct RotationRequest {
  Authority authority = Authority::kDevice;
  // Of the new key, for kDevice only; empty: a new key file. The token must hold another key than
  // those used so far.
  std::string key_uri;
  std::string organisation;   // for a lab authority where there was none
  crypto::ServerNames names;  // of the server certificate, which the new server CA signs
};

// Makes the next generation and returns its number. It carries the old one's name, and signs from
// then on; the old one stays trusted until the last certificate under it has ended. At every moment
// of a crash the folder is whole, with the old generation or with the new one. The server CA's new
// key is certified by the old one as well, so that devices that know the old one alone still
// connect; the server certificate is renewed under it. Errors: as CaStore::Load and OpenPkcs11Key;
// ALREADY_EXISTS: the token's key is in use already; RESOURCE_EXHAUSTED: kCaGenerationsMax;
// FAILED_PRECONDITION: the server CA ended (start a new installation), a key_uri of another
// authority.
StatusOr<int> RotateCa(const std::filesystem::path& folder, const RotationRequest& request,
                       WallTime now);

// Ends trust in an old generation before its time, such as after a theft; what it signed must be
// issued anew. Its files stay, under another name. NOT_FOUND: no such generation;
// FAILED_PRECONDITION: it is the newest, rotate first. For kServer `request.names` are needed.
Status RetireCa(const std::filesystem::path& folder, const RotationRequest& request, int generation,
                WallTime now);

struct CaListing {
  Authority authority = Authority::kDevice;
  int generation = 0;
  std::string state;  // "issuing", "trusted", "ended" or "retired"
  bool in_token = false;
  std::string fingerprint;  // SHA-256 of the certificate in hex
  WallTime not_after;
  WallTime trusted_until;  // the sooner of its own end and that of what it signed
};
// By authority and generation.
StatusOr<std::vector<CaListing>> ListCa(const std::filesystem::path& folder, WallTime now);

}  // namespace preseal::server
