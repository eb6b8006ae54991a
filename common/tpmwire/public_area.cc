// SPDX-License-Identifier: Apache-2.0
#include "common/tpmwire/public_area.h"

#include <fmt/format.h>

#include "common/base/limits.h"
#include "common/tpmwire/reader.h"
#include "common/tpmwire/writer.h"

namespace preseal::tpmwire {
namespace {

Status UnknownAlgorithm(std::string_view what, uint16_t id) {
  return InvalidArgument(fmt::format("{}: algorithm 0x{:04X} is not supported", what, id));
}

StatusOr<HashAlg> ReadHash(Reader& reader, std::string_view what) {
  ASSIGN_OR_RETURN(const uint16_t id, reader.U16(what));
  const auto hash = ToHashAlg(id);
  if (!hash) return UnknownAlgorithm(what, id);
  return *hash;
}

StatusOr<Symmetric> ReadSymmetric(Reader& reader) {
  ASSIGN_OR_RETURN(const uint16_t id, reader.U16("symmetric"));
  if (static_cast<AlgId>(id) == AlgId::kNull) return Symmetric{};
  if (static_cast<AlgId>(id) != AlgId::kAes) return UnknownAlgorithm("symmetric", id);
  ASSIGN_OR_RETURN(const uint16_t bits, reader.U16("symmetric key bits"));
  if (bits != 128 && bits != 192 && bits != 256) {
    return InvalidArgument(fmt::format("symmetric key bits: {}", bits));
  }
  ASSIGN_OR_RETURN(const uint16_t mode, reader.U16("symmetric mode"));
  if (static_cast<AlgId>(mode) != AlgId::kCfb) return UnknownAlgorithm("symmetric mode", mode);
  return Symmetric{AlgId::kAes, bits};
}

StatusOr<Scheme> ReadScheme(Reader& reader, std::initializer_list<AlgId> allowed,
                            std::string_view what) {
  ASSIGN_OR_RETURN(const uint16_t id, reader.U16(what));
  const auto algorithm = static_cast<AlgId>(id);
  if (algorithm == AlgId::kNull) return Scheme{};
  for (const AlgId candidate : allowed) {
    if (candidate != algorithm) continue;
    if (algorithm == AlgId::kRsaEs) return Scheme{algorithm};
    ASSIGN_OR_RETURN(const HashAlg hash, ReadHash(reader, what));
    return Scheme{algorithm, hash};
  }
  return UnknownAlgorithm(what, id);
}

Status ReadRsa(Reader& reader, PublicArea& area) {
  ASSIGN_OR_RETURN(
      area.scheme,
      ReadScheme(reader, {AlgId::kRsaSsa, AlgId::kRsaPss, AlgId::kOaep, AlgId::kRsaEs}, "scheme"));
  RsaKey key;
  ASSIGN_OR_RETURN(key.key_bits, reader.U16("RSA key bits"));
  if (key.key_bits != 1024 && key.key_bits != 2048 && key.key_bits != 3072 &&
      key.key_bits != 4096) {
    return InvalidArgument(fmt::format("RSA key bits: {}", key.key_bits));
  }
  ASSIGN_OR_RETURN(key.exponent, reader.U32("RSA exponent"));
  ASSIGN_OR_RETURN(const ByteView modulus, reader.Sized(key.key_bits / 8u, "RSA modulus"));
  if (modulus.size() != key.key_bits / 8u || modulus[0] < 0x80) {
    return InvalidArgument("RSA modulus: not as long as the key bits say");
  }
  key.modulus = ToBytes(modulus);
  area.key = std::move(key);
  return OkStatus();
}

StatusOr<Bytes> ReadCoordinate(Reader& reader, EccCurve curve, std::string_view what) {
  ASSIGN_OR_RETURN(const ByteView value, reader.Sized(CoordinateSize(curve), what));
  // Shorter would be the same number; two encodings of one key would give it two Names.
  if (value.size() != CoordinateSize(curve)) {
    return InvalidArgument(
        fmt::format("{}: {} bytes, not padded to {}", what, value.size(), CoordinateSize(curve)));
  }
  return ToBytes(value);
}

Status ReadEcc(Reader& reader, PublicArea& area) {
  ASSIGN_OR_RETURN(area.scheme, ReadScheme(reader, {AlgId::kEcdsa, AlgId::kEcdh}, "scheme"));
  ASSIGN_OR_RETURN(const uint16_t curve_id, reader.U16("curve"));
  const auto curve = ToEccCurve(curve_id);
  if (!curve) return InvalidArgument(fmt::format("curve 0x{:04X} is not supported", curve_id));
  EccKey key;
  key.curve = *curve;
  ASSIGN_OR_RETURN(
      key.kdf,
      ReadScheme(reader, {AlgId::kMgf1, AlgId::kKdf1Sp80056a, AlgId::kKdf2, AlgId::kKdf1Sp800108},
                 "kdf"));
  ASSIGN_OR_RETURN(key.x, ReadCoordinate(reader, *curve, "x"));
  ASSIGN_OR_RETURN(key.y, ReadCoordinate(reader, *curve, "y"));
  area.key = std::move(key);
  return OkStatus();
}

void WriteScheme(Writer& writer, const Scheme& scheme) {
  writer.U16(static_cast<uint16_t>(scheme.algorithm));
  if (scheme.algorithm == AlgId::kNull || scheme.algorithm == AlgId::kRsaEs) return;
  writer.U16(static_cast<uint16_t>(scheme.hash));
}

void WriteSymmetric(Writer& writer, const Symmetric& symmetric) {
  writer.U16(static_cast<uint16_t>(symmetric.algorithm));
  if (symmetric.algorithm == AlgId::kNull) return;
  writer.U16(symmetric.key_bits).U16(static_cast<uint16_t>(AlgId::kCfb));
}

}  // namespace

StatusOr<PublicArea> ParsePublic(ByteView bytes) {
  if (bytes.size() > kTpmStructureBytesMax) return InvalidArgument("public area: too long");
  Reader reader(bytes);
  PublicArea area;
  ASSIGN_OR_RETURN(const uint16_t type, reader.U16("type"));
  ASSIGN_OR_RETURN(area.name_algorithm, ReadHash(reader, "name algorithm"));
  if (area.name_algorithm == HashAlg::kSha1) {
    return InvalidArgument("name algorithm: SHA-1 is too weak to name a key");
  }
  ASSIGN_OR_RETURN(area.attributes, reader.U32("attributes"));
  if ((area.attributes & ~kAttributesDefined) != 0) {
    return InvalidArgument(fmt::format("attributes: reserved bits in 0x{:08X}", area.attributes));
  }
  ASSIGN_OR_RETURN(const ByteView policy, reader.Sized(DigestSize(area.name_algorithm), "policy"));
  if (!policy.empty() && policy.size() != DigestSize(area.name_algorithm)) {
    return InvalidArgument(fmt::format("policy: {} bytes", policy.size()));
  }
  area.policy = ToBytes(policy);
  ASSIGN_OR_RETURN(area.symmetric, ReadSymmetric(reader));
  switch (static_cast<AlgId>(type)) {
    case AlgId::kRsa:
      RETURN_IF_ERROR(ReadRsa(reader, area));
      break;
    case AlgId::kEcc:
      RETURN_IF_ERROR(ReadEcc(reader, area));
      break;
    default:
      return UnknownAlgorithm("type", type);
  }
  RETURN_IF_ERROR(reader.End("public area"));
  return area;
}

Bytes MarshalPublic(const PublicArea& area) {
  Writer writer;
  const RsaKey* rsa = area.rsa();
  writer.U16(static_cast<uint16_t>(rsa != nullptr ? AlgId::kRsa : AlgId::kEcc))
      .U16(static_cast<uint16_t>(area.name_algorithm))
      .U32(area.attributes)
      .Sized(area.policy);
  WriteSymmetric(writer, area.symmetric);
  WriteScheme(writer, area.scheme);
  if (rsa != nullptr) {
    writer.U16(rsa->key_bits).U32(rsa->exponent).Sized(rsa->modulus);
  } else {
    const EccKey& ecc = *area.ecc();
    writer.U16(static_cast<uint16_t>(ecc.curve));
    WriteScheme(writer, ecc.kdf);
    writer.Sized(ecc.x).Sized(ecc.y);
  }
  return writer.Take();
}

Bytes MarshalSizedPublic(const PublicArea& area) {
  return Writer().Sized(MarshalPublic(area)).Take();
}

}  // namespace preseal::tpmwire
