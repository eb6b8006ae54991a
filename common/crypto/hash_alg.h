// SPDX-License-Identifier: Apache-2.0
// OpenSSL's name for our digests; included by this folder's .cc files only.
#pragma once

#include <openssl/types.h>

#include "common/crypto/digest.h"

namespace preseal::crypto {

// Lives as long as the process.
const EVP_MD* Digest(HashAlg alg);

}  // namespace preseal::crypto
