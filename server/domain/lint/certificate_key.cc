// SPDX-License-Identifier: Apache-2.0
// What a certificate's key and names say by themselves.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "common/tpmwire/der.h"
#include "server/domain/attestation/roca.h"
#include "server/domain/lint/lint_parts.h"

namespace preseal::server {
namespace {

namespace der = tpmwire::der;

constexpr int kRsaBitsMin = 2048;
constexpr int kRsaBitsMax = 4096;
constexpr uint8_t kUncompressedPoint = 0x04;
constexpr std::array<uint8_t, 3> kExponent = {0x01, 0x00, 0x01};  // 65537
constexpr std::array<uint8_t, 7> kOidEcPublicKey = {0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01};
constexpr std::array<uint8_t, 8> kOidP256 = {0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};
constexpr std::array<uint8_t, 5> kOidP384 = {0x2B, 0x81, 0x04, 0x00, 0x22};
constexpr std::array<uint8_t, 5> kOidP521 = {0x2B, 0x81, 0x04, 0x00, 0x23};
// GCE writes the machine into an extension of its own.
constexpr std::string_view kOidGceInstance = "1.3.6.1.4.1.11129.2.1.21";
constexpr std::string_view kVirtualWords[] = {
    "google cloud", "google compute engine", "tpm_ek_v1_cloud_host", "virtual tpm", "vtpm", "swtpm",
    "vmware",       "alibaba cloud"};

bool Is(ByteView content, ByteView expected) {
  return std::equal(content.begin(), content.end(), expected.begin(), expected.end());
}

KeyFault Weak(std::string_view seen, std::string_view expected) {
  return {RefusalCode::kEkKeyWeak, std::string(seen), std::string(expected)};
}

struct Spki {
  ByteView algorithm;   // content of the OID
  ByteView parameters;  // whole element, empty if absent
  ByteView key;         // without the count of unused bits
};

StatusOr<Spki> ReadSpki(ByteView bytes) {
  Spki spki;
  ASSIGN_OR_RETURN(const der::Element outer, der::Take(bytes, der::kSequence));
  ByteView fields = outer.content;
  ASSIGN_OR_RETURN(const der::Element algorithm, der::Take(fields, der::kSequence));
  ASSIGN_OR_RETURN(const der::Element key, der::Take(fields, der::kBitString));
  ByteView inner = algorithm.content;
  ASSIGN_OR_RETURN(const der::Element oid, der::Take(inner, der::kOid));
  spki.algorithm = oid.content;
  spki.parameters = inner;
  spki.key = key.content.empty() ? key.content : key.content.subspan(1);
  return spki;
}

// Parameters a certificate brings along could be chosen so that its key is anybody's
// (CVE-2020-0601).
KeyFault FaultOfEc(const Spki& spki, const crypto::Certificate& certificate) {
  ByteView parameters = spki.parameters;
  const auto curve = der::Take(parameters);
  if (!curve.ok() || curve->tag != der::kOid) return Weak("explicit curve", "a named curve");
  if (!Is(curve->content, kOidP256) && !Is(curve->content, kOidP384) &&
      !Is(curve->content, kOidP521)) {
    return Weak("another curve", "P-256, P-384 or P-521");
  }
  if (spki.key.empty() || spki.key[0] != kUncompressedPoint) {
    return Weak("a point that is compressed or at infinity", "an uncompressed point");
  }
  if (!certificate.public_key().ok()) return Weak("a point off its curve", "a point on its curve");
  return {};
}

KeyFault FaultOfRsa(const crypto::RsaParts& rsa, int bits) {
  if (bits < kRsaBitsMin || bits > kRsaBitsMax) {
    return Weak(fmt::format("RSA-{}", bits), "RSA-2048 to RSA-4096");
  }
  if (!Is(rsa.exponent, kExponent)) {
    return Weak("RSA exponent 0x" + LintText(ToHex(rsa.exponent)), "65537");
  }
  if (rsa.modulus.back() % 2 == 0) return Weak("an even RSA modulus", "an odd one");
  if (HasRocaFingerprint(rsa.modulus)) {
    return {RefusalCode::kEkKeyRoca, "the fingerprint of CVE-2017-15361", "a sound RSA key"};
  }
  return {};
}

std::string Folded(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

}  // namespace

KeyFault FaultOfKey(const crypto::Certificate& certificate) {
  const auto spki = ReadSpki(certificate.spki_der());
  if (!spki.ok()) return Weak("a key that cannot be read", "a public key");
  if (Is(spki->algorithm, kOidEcPublicKey)) return FaultOfEc(*spki, certificate);
  const auto key = certificate.public_key();
  if (!key.ok()) return Weak("a key that cannot be used", "an RSA or ECC key");
  const auto rsa = key->ToRsaParts();
  if (!rsa.ok()) return Weak("another kind of key", "an RSA or ECC key");
  return FaultOfRsa(*rsa, key->bits());
}

bool NamesVirtualTpm(const crypto::Certificate& certificate) {
  if (certificate.FindExtension(kOidGceInstance) != nullptr) return true;
  const std::string names = Folded(certificate.issuer() + "\n" + certificate.subject());
  return std::any_of(std::begin(kVirtualWords), std::end(kVirtualWords),
                     [&](std::string_view word) { return names.find(word) != std::string::npos; });
}

}  // namespace preseal::server
