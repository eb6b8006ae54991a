// SPDX-License-Identifier: Apache-2.0
// TPMT_PUBLIC of an RSA or ECC key (TPM 2.0 Library, Part 2, "TPMT_PUBLIC").
#pragma once

#include <variant>

#include "common/base/bytes.h"
#include "common/status/status.h"
#include "common/tpmwire/algorithms.h"

namespace preseal::tpmwire {

// TPMT_SYM_DEF_OBJECT: none, or AES in CFB mode.
struct Symmetric {
  AlgId algorithm = AlgId::kNull;
  uint16_t key_bits = 0;
  bool operator==(const Symmetric&) const = default;
};

// A signing, encryption or key derivation scheme; `hash` means nothing for kNull and kRsaEs.
struct Scheme {
  AlgId algorithm = AlgId::kNull;
  HashAlg hash = HashAlg::kSha256;
  bool operator==(const Scheme&) const = default;
};

struct RsaKey {
  uint16_t key_bits = 0;
  uint32_t exponent = 0;  // as marshalled: 0 means 65537
  Bytes modulus;          // key_bits / 8 bytes
  bool operator==(const RsaKey&) const = default;
};

struct EccKey {
  EccCurve curve = EccCurve::kP256;
  Scheme kdf;
  Bytes x;  // CoordinateSize(curve) bytes each, padded on the left
  Bytes y;
  bool operator==(const EccKey&) const = default;
};

struct PublicArea {
  HashAlg name_algorithm = HashAlg::kSha256;
  uint32_t attributes = 0;  // TPMA_OBJECT, kAttribute...
  Bytes policy;             // empty, or one digest of name_algorithm
  Symmetric symmetric;
  Scheme scheme;
  std::variant<RsaKey, EccKey> key;

  const RsaKey* rsa() const { return std::get_if<RsaKey>(&key); }
  const EccKey* ecc() const { return std::get_if<EccKey>(&key); }
  bool operator==(const PublicArea&) const = default;
};

// Reads exactly one marshalled TPMT_PUBLIC, without the TPM2B length before it.
// InvalidArgument: another type than RSA or ECC, an algorithm not in AlgId, a name algorithm below
// SHA-256, reserved attribute bits, a policy that is no digest, an RSA modulus that is not exactly
// key_bits (1024, 2048, 3072, 4096) long, a coordinate that is not exactly the curve's width, bytes
// after the end. Does NOT check that an ECC point lies on its curve or that a key is strong.
// What it accepts, MarshalPublic gives back byte for byte.
StatusOr<PublicArea> ParsePublic(ByteView bytes);

// TPMT_PUBLIC bytes; also for templates, whose unique field may be empty or of any size.
Bytes MarshalPublic(const PublicArea& area);
// The same as TPM2B_PUBLIC: with its 2-byte length before it.
Bytes MarshalSizedPublic(const PublicArea& area);

}  // namespace preseal::tpmwire
