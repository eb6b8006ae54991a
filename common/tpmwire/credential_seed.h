// SPDX-License-Identifier: Apache-2.0
// The asymmetric half of MakeCredential (TPM 2.0 Library, Part 1, Annex "RSA", "ECC": "Secret
// Sharing"). Used by make_credential.cc only. Pure.
#pragma once

#include "common/base/bytes.h"
#include "common/base/secret.h"
#include "common/status/status.h"
#include "common/tpmwire/public_area.h"

namespace preseal::tpmwire {

struct ProtectedSeed {
  Secret seed;      // one digest of the EK's name algorithm
  Bytes encrypted;  // content of TPM2B_ENCRYPTED_SECRET
};

// RSA: the seed and the OAEP seed. ECC: a scalar with 64 spare bits, so that reducing it leaves no
// bias to speak of (FIPS 186-5, "ECDSA Per-Message Secret Number Generation by Extra Random Bits").
size_t SeedRandomBytes(const PublicArea& ek);

// InvalidArgument for a key it cannot use; `random` is SeedRandomBytes(ek) bytes.
StatusOr<ProtectedSeed> ProtectSeed(const PublicArea& ek, ByteView random);

}  // namespace preseal::tpmwire
