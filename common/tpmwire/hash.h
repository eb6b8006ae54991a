// SPDX-License-Identifier: Apache-2.0
// Hash, HMAC and the TPM's key derivation, by TPM algorithm id. Pure.
#pragma once

#include <array>
#include <initializer_list>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/secret.h"
#include "common/tpmwire/algorithms.h"

namespace preseal::tpmwire {

using Sha256Digest = std::array<uint8_t, 32>;

// Hash of the parts one after the other. Aborts if OpenSSL lacks the algorithm: nothing here could
// work without it, and a wrong digest must not come out.
Bytes Hash(HashAlg hash, std::initializer_list<ByteView> parts);
Sha256Digest Sha256(std::initializer_list<ByteView> parts);

// HMAC of the parts one after the other; aborts as Hash does.
Bytes Hmac(HashAlg hash, ByteView key, std::initializer_list<ByteView> parts);

// TPM 2.0 Library, Part 1, "KDFa()": counter mode over HMAC. `label` without its terminating NUL,
// which is added. `bits` must be a multiple of 8, at most 512.
Secret KdfA(HashAlg hash, ByteView key, std::string_view label, ByteView context_u,
            ByteView context_v, uint32_t bits);
// TPM 2.0 Library, Part 1, "KDFe for ECDH", for one digest's worth of bits.
//   z, party_u_x, party_v_x  coordinates, padded to the curve's width
Secret KdfE(HashAlg hash, ByteView z, std::string_view label, ByteView party_u_x,
            ByteView party_v_x);
// RFC 5869 with SHA-256 and an empty salt, 32 bytes out.
Secret HkdfSha256(ByteView key, std::string_view info);

}  // namespace preseal::tpmwire
