// SPDX-License-Identifier: Apache-2.0
// Asymmetric keys: P-256 for everything we make, RSA and P-384 for what TPM vendors made. Pure.
//
// Both types are small handles on an immutable OpenSSL key: copies share it, and any number of
// threads may use them. The key is wiped when its last holder goes.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/secret.h"
#include "common/crypto/digest.h"
#include "common/status/status.h"

struct evp_pkey_st;

namespace preseal::crypto {

enum class KeyKind { kOther, kP256, kP384, kRsa };
enum class Curve { kP256, kP384 };

// Affine coordinates, big endian, padded to the curve's width (32 or 48 bytes).
struct EcCoordinates {
  Bytes x;
  Bytes y;
};
// Big endian without leading zeros.
struct RsaParts {
  Bytes modulus;
  Bytes exponent;
};

class PublicKey {
 public:
  // X.509 SubjectPublicKeyInfo (RFC 5280). INVALID_ARGUMENT if it does not parse, if bytes follow,
  // or if the point is not on its curve.
  static StatusOr<PublicKey> FromSpkiDer(ByteView der);
  // Big endian, at most the curve's width; shorter values are padded, as TPMs drop zeros.
  // INVALID_ARGUMENT if longer or not on the curve.
  static StatusOr<PublicKey> FromEcAffine(Curve curve, ByteView x, ByteView y);
  // Big endian. INVALID_ARGUMENT unless the modulus has 1024 to 4096 bits and the exponent is odd
  // and 3 to 2^32-1 (a TPM writes 65537 as 0: translate it first).
  static StatusOr<PublicKey> FromRsa(ByteView modulus, ByteView exponent);

  KeyKind kind() const;
  // Bits of the modulus or of the curve.
  int bits() const;
  Bytes SpkiDer() const;
  Digest256 SpkiSha256() const;
  // FAILED_PRECONDITION for another kind of key.
  StatusOr<EcCoordinates> ToEcCoordinates() const;
  StatusOr<RsaParts> ToRsaParts() const;
  // The same public values, however they were encoded.
  bool Equals(const PublicKey& other) const;

  // True if `signature` is valid over `message` hashed with `alg`. False for everything else, a
  // key of another kind and a malformed signature included: a "no" is never an error.
  //   der    ECDSA-Sig-Value (RFC 3279)
  //   raw    r || s, each of the curve's width (RFC 7518 section "Digital Signature with ECDSA")
  //   r, s   big endian, any leading zeros dropped (TPM 2.0 Library, Part 2, TPMS_SIGNATURE_ECC)
  bool VerifyEcdsaDer(HashAlg alg, ByteView message, ByteView der) const;
  bool VerifyEcdsaRaw(HashAlg alg, ByteView message, ByteView raw) const;
  bool VerifyEcdsa(HashAlg alg, ByteView message, ByteView r, ByteView s) const;
  // RFC 8017 RSASSA-PKCS1-v1_5, and RSASSA-PSS with MGF1 of the same hash and any salt length.
  bool VerifyRsaPkcs1(HashAlg alg, ByteView message, ByteView signature) const;
  bool VerifyRsaPss(HashAlg alg, ByteView message, ByteView signature) const;

  // For other OpenSSL wrappers; borrowed, never null.
  evp_pkey_st* handle() const { return handle_.get(); }
  // Shares a handle a wrapper already owns.
  static PublicKey FromHandle(std::shared_ptr<evp_pkey_st> handle);

 private:
  friend class PrivateKey;
  explicit PublicKey(std::shared_ptr<evp_pkey_st> handle) : handle_(std::move(handle)) {}
  bool VerifyRsa(HashAlg alg, int padding, ByteView message, ByteView signature) const;
  std::shared_ptr<evp_pkey_st> handle_;
};

// A P-256 key that lies elsewhere, such as in a token, and signs there. Thread-safe.
class ExternalSigner {
 public:
  virtual ~ExternalSigner() = default;
  // ECDSA over a digest as r || s, 32 bytes each. UNAVAILABLE: cannot be reached now.
  virtual StatusOr<Bytes> SignDigest(const Digest256& digest) const = 0;
};

class PrivateKey {
 public:
  static StatusOr<PrivateKey> GenerateP256();
  // The key of `signer`, which is `public_key`. INVALID_ARGUMENT: not P-256. A signature that does
  // not verify is INTERNAL when it is made.
  static StatusOr<PrivateKey> FromSigner(const PublicKey& public_key,
                                         std::shared_ptr<const ExternalSigner> signer);
  // One unencrypted "PRIVATE KEY" block (PKCS#8, RFC 7468), at most kPrivateKeyPemBytesMax, P-256
  // only. INVALID_ARGUMENT otherwise; the message never holds any of the text.
  static StatusOr<PrivateKey> FromPem(std::string_view pem);
  // FAILED_PRECONDITION: an external key, which cannot be copied.
  StatusOr<Secret> ToPem() const;
  bool is_external() const { return signer_ != nullptr; }

  PublicKey public_key() const;

  // ECDSA over SHA-256 of `message`, as DER or as 64 bytes r || s.
  StatusOr<Bytes> SignDer(ByteView message) const;
  StatusOr<Bytes> SignRaw(ByteView message) const;

  // Holds no private part if is_external().
  evp_pkey_st* handle() const { return handle_.get(); }

 private:
  explicit PrivateKey(std::shared_ptr<evp_pkey_st> handle) : handle_(std::move(handle)) {}
  StatusOr<Bytes> SignByToken(ByteView message) const;
  std::shared_ptr<evp_pkey_st> handle_;
  std::shared_ptr<const ExternalSigner> signer_;  // null: the key is in `handle_`
};

}  // namespace preseal::crypto
