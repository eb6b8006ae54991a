// SPDX-License-Identifier: Apache-2.0
// Hashes by TPM algorithm id, over parts. Pure.
#pragma once

#include <initializer_list>

#include "common/base/bytes.h"
#include "common/crypto/digest.h"
#include "common/tpmwire/algorithms.h"

namespace preseal::tpmwire {

using Sha256Digest = crypto::Digest256;

// The same algorithm under OpenSSL's wrapper.
crypto::HashAlg ToCrypto(HashAlg hash);

// Hash of the parts one after the other.
Bytes Hash(HashAlg hash, std::initializer_list<ByteView> parts);
Sha256Digest Sha256(std::initializer_list<ByteView> parts);

}  // namespace preseal::tpmwire
