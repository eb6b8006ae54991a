// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/bytes.h"

namespace preseal::server {

// True if an RSA modulus (big-endian) bears the fingerprint of Infineon's faulty key generation
// (CVE-2017-15361): modulo every small prime it is a power of 65537. About one sound modulus in
// 2^27 does too. Pure.
bool HasRocaFingerprint(ByteView modulus);

}  // namespace preseal::server
