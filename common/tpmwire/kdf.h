// SPDX-License-Identifier: Apache-2.0
// The TPM's key derivation functions (TPM 2.0 Library, Part 1, "Key Derivation Function"). Pure.
#pragma once

#include <initializer_list>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/secret.h"
#include "common/tpmwire/algorithms.h"

namespace preseal::tpmwire {

// HMAC of the parts one after the other. Aborts if OpenSSL lacks the algorithm, as crypto::Hash.
Bytes Hmac(HashAlg hash, ByteView key, std::initializer_list<ByteView> parts);

// "KDFa()": counter mode over HMAC. `label` without its terminating NUL, which is added.
//   bits  a multiple of 8, 8..512; anything else aborts
Secret KdfA(HashAlg hash, ByteView key, std::string_view label, ByteView context_u,
            ByteView context_v, uint32_t bits);

// "KDFe for ECDH", for one digest's worth of bits.
//   z, party_u_x, party_v_x  coordinates, padded to the curve's width
Secret KdfE(HashAlg hash, ByteView z, std::string_view label, ByteView party_u_x,
            ByteView party_v_x);

}  // namespace preseal::tpmwire
