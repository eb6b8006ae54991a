// SPDX-License-Identifier: Apache-2.0
#include "common/tpmwire/algorithms.h"

#include <fmt/format.h>

namespace preseal::tpmwire {

std::optional<HashAlg> ToHashAlg(uint16_t value) {
  switch (static_cast<HashAlg>(value)) {
    case HashAlg::kSha1:
    case HashAlg::kSha256:
    case HashAlg::kSha384:
    case HashAlg::kSha512:
      return static_cast<HashAlg>(value);
  }
  return std::nullopt;
}

std::optional<EccCurve> ToEccCurve(uint16_t value) {
  switch (static_cast<EccCurve>(value)) {
    case EccCurve::kP256:
    case EccCurve::kP384:
      return static_cast<EccCurve>(value);
  }
  return std::nullopt;
}

size_t DigestSize(HashAlg hash) {
  switch (hash) {
    case HashAlg::kSha1:
      return 20;
    case HashAlg::kSha256:
      return 32;
    case HashAlg::kSha384:
      return 48;
    case HashAlg::kSha512:
      return 64;
  }
  return 0;
}

size_t CoordinateSize(EccCurve curve) {
  switch (curve) {
    case EccCurve::kP256:
      return 32;
    case EccCurve::kP384:
      return 48;
  }
  return 0;
}

std::string HashName(uint16_t hash) {
  const auto known = ToHashAlg(hash);
  if (!known) return fmt::format("0x{:04X}", hash);
  return known == HashAlg::kSha1 ? "SHA-1" : fmt::format("SHA-{}", DigestSize(*known) * 8);
}

std::string CurveName(EccCurve curve) { return fmt::format("P-{}", CoordinateSize(curve) * 8); }

}  // namespace preseal::tpmwire
