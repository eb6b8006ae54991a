// SPDX-License-Identifier: Apache-2.0
// Whose word about TPMs counts: certificates and revocation lists, as one version. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "common/crypto/certificate.h"
#include "common/crypto/digest.h"

namespace preseal::server {

struct TrustBundle {
  uint64_t version = 0;        // only ever grows
  crypto::Digest256 sha256{};  // of its signed text
  std::vector<crypto::Certificate> roots;          // makers of TPM chips
  std::vector<crypto::Certificate> intermediates;  // helpers, never trusted by themselves
  std::vector<crypto::Certificate> lab_roots;      // what ends here is marked lab
};

}  // namespace preseal::server
