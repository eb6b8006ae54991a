// SPDX-License-Identifier: Apache-2.0
#include "common/tpmwire/signature.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/limits.h"
#include "common/tpmwire/der.h"
#include "common/tpmwire/hash.h"
#include "common/tpmwire/reader.h"
#include "common/tpmwire/writer.h"

namespace preseal::tpmwire {
namespace {

constexpr size_t kEccParameterBytesLimit = 48;  // P-384
constexpr size_t kRsaSignatureBytesLimit = 512;
constexpr uint32_t kRsaDefaultExponent = 65537;

StatusOr<Bytes> ReadScalar(Reader& reader, std::string_view what) {
  ASSIGN_OR_RETURN(const ByteView value, reader.Sized(kEccParameterBytesLimit, what));
  if (std::all_of(value.begin(), value.end(), [](uint8_t byte) { return byte == 0; })) {
    return InvalidArgument(fmt::format("{}: zero", what));
  }
  return ToBytes(value);
}

}  // namespace

StatusOr<Signature> ParseSignature(ByteView bytes) {
  if (bytes.size() > kTpmStructureBytesMax) return InvalidArgument("signature: too long");
  Reader reader(bytes);
  ASSIGN_OR_RETURN(const uint16_t scheme, reader.U16("signature scheme"));
  Signature signature;
  signature.algorithm = static_cast<AlgId>(scheme);
  if (signature.algorithm != AlgId::kEcdsa && signature.algorithm != AlgId::kRsaSsa) {
    return InvalidArgument(fmt::format("signature scheme 0x{:04X} is not supported", scheme));
  }
  ASSIGN_OR_RETURN(const uint16_t hash_id, reader.U16("signature hash"));
  const auto hash = ToHashAlg(hash_id);
  if (!hash) return InvalidArgument(fmt::format("signature hash 0x{:04X}", hash_id));
  signature.hash = *hash;
  if (signature.algorithm == AlgId::kEcdsa) {
    ASSIGN_OR_RETURN(signature.r, ReadScalar(reader, "signature r"));
    ASSIGN_OR_RETURN(signature.s, ReadScalar(reader, "signature s"));
  } else {
    ASSIGN_OR_RETURN(const ByteView value, reader.Sized(kRsaSignatureBytesLimit, "RSA signature"));
    if (value.empty()) return InvalidArgument("RSA signature: empty");
    signature.rsa = ToBytes(value);
  }
  RETURN_IF_ERROR(reader.End("signature"));
  return signature;
}

Bytes MarshalSignature(const Signature& signature) {
  Writer writer;
  writer.U16(static_cast<uint16_t>(signature.algorithm)).U16(static_cast<uint16_t>(signature.hash));
  if (signature.algorithm == AlgId::kEcdsa) {
    writer.Sized(signature.r).Sized(signature.s);
  } else {
    writer.Sized(signature.rsa);
  }
  return writer.Take();
}

Bytes SignatureValue(const Signature& signature) {
  if (signature.algorithm == AlgId::kRsaSsa) return signature.rsa;
  return der::Sequence({der::UnsignedInteger(signature.r), der::UnsignedInteger(signature.s)});
}

StatusOr<crypto::PublicKey> ToPublicKey(const PublicArea& area) {
  if (const RsaKey* rsa = area.rsa()) {
    const uint32_t exponent = rsa->exponent == 0 ? kRsaDefaultExponent : rsa->exponent;
    return crypto::PublicKey::FromRsa(rsa->modulus, Writer().U32(exponent).Take());
  }
  const EccKey& ecc = *area.ecc();
  const auto curve = ecc.curve == EccCurve::kP256 ? crypto::Curve::kP256 : crypto::Curve::kP384;
  return crypto::PublicKey::FromEcAffine(curve, ecc.x, ecc.y);
}

bool VerifySignature(const crypto::PublicKey& key, ByteView message, const Signature& signature) {
  const crypto::HashAlg hash = ToCrypto(signature.hash);
  if (signature.algorithm == AlgId::kEcdsa) {
    return key.VerifyEcdsa(hash, message, signature.r, signature.s);
  }
  return key.VerifyRsaPkcs1(hash, message, signature.rsa);
}

}  // namespace preseal::tpmwire
