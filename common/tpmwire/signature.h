// SPDX-License-Identifier: Apache-2.0
// TPMT_SIGNATURE, ECDSA and RSASSA (TPM 2.0 Library, Part 2, "TPMT_SIGNATURE"), and checking it.
// Pure.
#pragma once

#include "common/base/bytes.h"
#include "common/crypto/key.h"
#include "common/status/status.h"
#include "common/tpmwire/algorithms.h"
#include "common/tpmwire/public_area.h"

namespace preseal::tpmwire {

struct Signature {
  AlgId algorithm = AlgId::kEcdsa;  // kEcdsa or kRsaSsa
  HashAlg hash = HashAlg::kSha256;
  Bytes r;  // ECDSA: big-endian, 1 to 48 bytes, as sent
  Bytes s;
  Bytes rsa;  // RSASSA: as long as the modulus
  bool operator==(const Signature&) const = default;
};

// Reads exactly one marshalled TPMT_SIGNATURE. InvalidArgument: another scheme, an unknown hash, a
// zero or over-long r or s, an RSA signature that is empty or longer than 512 bytes, bytes after
// the end. SHA-1 passes here: refusing it is policy.
StatusOr<Signature> ParseSignature(ByteView bytes);
Bytes MarshalSignature(const Signature& signature);

// The signature value as OpenSSL and X.509 write it: ECDSA-Sig-Value DER (RFC 3279), or the RSA
// bytes unchanged.
Bytes SignatureValue(const Signature& signature);

// The key of a public area, ready to verify with. InvalidArgument: a point off its curve, an RSA
// exponent or length crypto::PublicKey refuses.
StatusOr<crypto::PublicKey> ToPublicKey(const PublicArea& area);

// True if `signature`, with its own scheme and hash, is valid over `message` under `key`. Whether
// that scheme and hash are acceptable is the caller's to decide, before.
bool VerifySignature(const crypto::PublicKey& key, ByteView message, const Signature& signature);

}  // namespace preseal::tpmwire
