// SPDX-License-Identifier: Apache-2.0
// TPM algorithm, curve and structure constants (TCG "Algorithm Registry"; TPM 2.0 Library, Part 2,
// "TPM_ALG_ID", "TPM_ECC_CURVE", "TPMA_OBJECT"). Only what Preseal accepts is named: a decoder
// refuses everything else. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace preseal::tpmwire {

enum class AlgId : uint16_t {
  kRsa = 0x0001,
  kAes = 0x0006,
  kMgf1 = 0x0007,
  kNull = 0x0010,
  kRsaSsa = 0x0014,
  kRsaEs = 0x0015,
  kRsaPss = 0x0016,
  kOaep = 0x0017,
  kEcdsa = 0x0018,
  kEcdh = 0x0019,
  kKdf1Sp80056a = 0x0020,
  kKdf2 = 0x0021,
  kKdf1Sp800108 = 0x0022,
  kEcc = 0x0023,
  kCfb = 0x0043,
};

enum class HashAlg : uint16_t {
  kSha1 = 0x0004,  // PCR banks only, never for names or signatures we accept
  kSha256 = 0x000B,
  kSha384 = 0x000C,
  kSha512 = 0x000D,
};

enum class EccCurve : uint16_t { kP256 = 0x0003, kP384 = 0x0004 };

// TPMA_OBJECT.
inline constexpr uint32_t kAttributeFixedTpm = 1u << 1;
inline constexpr uint32_t kAttributeStClear = 1u << 2;
inline constexpr uint32_t kAttributeFixedParent = 1u << 4;
inline constexpr uint32_t kAttributeSensitiveDataOrigin = 1u << 5;
inline constexpr uint32_t kAttributeUserWithAuth = 1u << 6;
inline constexpr uint32_t kAttributeAdminWithPolicy = 1u << 7;
inline constexpr uint32_t kAttributeNoDa = 1u << 10;
inline constexpr uint32_t kAttributeEncryptedDuplication = 1u << 11;
inline constexpr uint32_t kAttributeRestricted = 1u << 16;
inline constexpr uint32_t kAttributeDecrypt = 1u << 17;
inline constexpr uint32_t kAttributeSign = 1u << 18;
// The bits Part 2 defines; a decoder refuses the reserved rest.
inline constexpr uint32_t kAttributesDefined =
    kAttributeFixedTpm | kAttributeStClear | kAttributeFixedParent | kAttributeSensitiveDataOrigin |
    kAttributeUserWithAuth | kAttributeAdminWithPolicy | kAttributeNoDa |
    kAttributeEncryptedDuplication | kAttributeRestricted | kAttributeDecrypt | kAttributeSign |
    (1u << 8) /* firmwareLimited */ | (1u << 9) /* svnLimited */ | (1u << 19) /* x509sign */;

// Permanent handles of the hierarchies.
inline constexpr uint32_t kHierarchyOwner = 0x40000001;
inline constexpr uint32_t kHierarchyEndorsement = 0x4000000B;

// Nothing if `value` is not a hash of HashAlg.
std::optional<HashAlg> ToHashAlg(uint16_t value);
std::optional<EccCurve> ToEccCurve(uint16_t value);
// Bytes of a digest; of a coordinate.
size_t DigestSize(HashAlg hash);
size_t CoordinateSize(EccCurve curve);
// "SHA-256"; "P-256"; "0x0012" for what is not known.
std::string HashName(uint16_t hash);
std::string CurveName(EccCurve curve);

}  // namespace preseal::tpmwire
