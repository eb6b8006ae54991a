// SPDX-License-Identifier: Apache-2.0
// Where the makers of firmware TPMs keep the certificate of an endorsement key that has none in its
// chip. The addresses are for a person to fetch elsewhere; the server fetches nothing. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/crypto/certificate.h"
#include "common/crypto/key.h"
#include "common/status/status.h"

namespace preseal::server {

struct EkUrl {
  std::string maker;  // "AMD", "Intel"
  std::string url;    // https, one of IsListedEkHost
};

// Every maker's address for this key; which of them made the TPM, the key does not tell. Empty for
// a key no maker has an address for. Derivations as the reference page has them, section "Policy":
//   AMD    hex of the first 16 bytes of SHA-256(00002222 || BE32(e) || N), for RSA, or of
//          SHA-256(00004444 || X || Y), for ECC
//   Intel  base64url of SHA-256(N || 010001), for RSA, or of SHA-256(X || Y), for P-256
std::vector<EkUrl> EkCertificateUrls(const crypto::PublicKey& ek);

// Hosts an EK certificate may come from.
bool IsListedEkHost(std::string_view host);

// What Intel's service answers: JSON with `pubhash` and `certificate`, the certificate's DER in
// URL-safe base64. INVALID_ARGUMENT: does not parse, or `pubhash` is not that of the certificate's
// key, which then was fetched for another chip.
StatusOr<crypto::Certificate> ReadIntelAnswer(std::string_view json);

}  // namespace preseal::server
