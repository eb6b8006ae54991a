// SPDX-License-Identifier: Apache-2.0
// Issuing keys that never leave a PKCS#11 token: an HSM, a smart card, SoftHSM, or the server's
// own TPM behind tpm2-pkcs11.
#pragma once

#include <string>
#include <string_view>

#include "common/crypto/key.h"
#include "common/status/status.h"

namespace preseal::server {

// True for text that begins with "pkcs11:".
bool IsPkcs11Uri(std::string_view text);

// Opens the one private key that `uri` (RFC 7512) names and checks that it signs.
//   pkcs11:token=preseal;object=device-ca?module-path=/usr/lib/softhsm/libsofthsm2.so
//         &pin-source=file:/run/credentials/preseal-server.service/hsm-pin
// `token` or `serial`, and `object` or `id`, choose; `module-path` names the module, without it
// every module the host has registered with p11-kit is asked; `pin-source` is a file that holds the
// PIN and is open to its owner only. `pin-value` is refused: a configuration is no place for a PIN.
// The public key is read from the token's public key object beside the private one.
//
// The key is thread-safe; it stays logged in, and logs in once more after the token was away.
// INVALID_ARGUMENT: the URI does not parse, names no token, object or PIN file; NOT_FOUND: module,
// token, key, its public key or the PIN file; FAILED_PRECONDITION: the module does not start, wrong
// or locked PIN, PIN file open to others, a key that is not P-256, more than one key;
// UNAVAILABLE: the token failed. Messages name the token and object, never the PIN.
StatusOr<crypto::PrivateKey> OpenPkcs11Key(const std::string& uri);

}  // namespace preseal::server
