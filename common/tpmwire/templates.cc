// SPDX-License-Identifier: Apache-2.0
#include "common/tpmwire/templates.h"

#include <utility>

#include "common/tpmwire/hash.h"
#include "common/tpmwire/writer.h"

namespace preseal::tpmwire {
namespace {

// TPM_CC_PolicyOR (TPM 2.0 Library, Part 2, "TPM_CC").
constexpr uint32_t kCommandPolicySecret = 0x00000151;
constexpr uint32_t kCommandPolicyOr = 0x00000171;
constexpr uint32_t kCommandPolicyAuthorizeNv = 0x00000192;

// Part 3, "TPM2_PolicySecret": the digest is extended with command and entity name, then policyRef.
Bytes PolicySecretEndorsement(HashAlg hash) {
  const Bytes zero(DigestSize(hash));
  const Bytes args = Writer().U32(kCommandPolicySecret).U32(kHierarchyEndorsement).Take();
  return Hash(hash, {Hash(hash, {zero, args})});
}

// Name of the NV index the profile reserves for an administrator's own policy (I-1 for SHA-256, I-2
// for SHA-384), written, with its fixed public area (EK Credential Profile, "PolicyC").
Bytes PolicyIndexName(HashAlg hash) {
  const uint32_t index = hash == HashAlg::kSha256 ? 0x01C07F01 : 0x01C07F02;
  constexpr uint32_t kPolicyIndexAttributes = 0x220F1008;
  const Bytes area = Writer()
                         .U32(index)
                         .U16(static_cast<uint16_t>(hash))
                         .U32(kPolicyIndexAttributes)
                         .Sized(PolicySecretEndorsement(hash))
                         .U16(static_cast<uint16_t>(DigestSize(hash) + 2))
                         .Take();
  return Writer().U16(static_cast<uint16_t>(hash)).Raw(Hash(hash, {area})).Take();
}

Bytes PolicyC(HashAlg hash) {
  const Bytes zero(DigestSize(hash));
  const Bytes command = Writer().U32(kCommandPolicyAuthorizeNv).Take();
  return Hash(hash, {zero, command, PolicyIndexName(hash)});
}

PublicArea EkBase(HashAlg hash, uint32_t attributes, Bytes policy, uint16_t aes_bits) {
  PublicArea area;
  area.name_algorithm = hash;
  area.attributes = attributes;
  area.policy = std::move(policy);
  area.symmetric = {AlgId::kAes, aes_bits};
  return area;
}

PublicArea Signing(uint32_t attributes, ByteView unique) {
  PublicArea area;
  area.attributes = attributes;
  area.scheme = {AlgId::kEcdsa, HashAlg::kSha256};
  EccKey key;
  key.curve = EccCurve::kP256;
  key.x = ToBytes(unique);
  area.key = std::move(key);
  return area;
}

}  // namespace

Bytes EkPolicyA() { return PolicySecretEndorsement(HashAlg::kSha256); }

Bytes EkPolicyB(HashAlg hash) {
  const Bytes zero(DigestSize(hash));
  const Bytes command = Writer().U32(kCommandPolicyOr).Take();
  return Hash(hash, {zero, command, PolicySecretEndorsement(hash), PolicyC(hash)});
}

PublicArea EkTemplateRsa2048Low() {
  PublicArea area = EkBase(HashAlg::kSha256, kEkLowAttributes, EkPolicyA(), 128);
  area.key = RsaKey{2048, 0, Bytes(256)};
  return area;
}

PublicArea EkTemplateP256Low() {
  PublicArea area = EkBase(HashAlg::kSha256, kEkLowAttributes, EkPolicyA(), 128);
  area.key = EccKey{EccCurve::kP256, Scheme{}, Bytes(32), Bytes(32)};
  return area;
}

PublicArea EkTemplateRsa2048High() {
  PublicArea area = EkBase(HashAlg::kSha256, kEkHighAttributes, EkPolicyB(HashAlg::kSha256), 128);
  area.key = RsaKey{2048, 0, {}};
  return area;
}

PublicArea EkTemplateP256High() {
  PublicArea area = EkBase(HashAlg::kSha256, kEkHighAttributes, EkPolicyB(HashAlg::kSha256), 128);
  area.key = EccKey{EccCurve::kP256, Scheme{}, {}, {}};
  return area;
}

PublicArea EkTemplateP384High() {
  PublicArea area = EkBase(HashAlg::kSha384, kEkHighAttributes, EkPolicyB(HashAlg::kSha384), 256);
  area.key = EccKey{EccCurve::kP384, Scheme{}, {}, {}};
  return area;
}

namespace {
bool IsLowRange(const EkKind& kind) { return kind.nv_certificate <= kNvEkCertP256Low; }
}  // namespace

// Low range: certificate, nonce, template; high range: certificate, template.
uint32_t NvEkTemplate(const EkKind& kind) {
  return kind.nv_certificate + (IsLowRange(kind) ? 2 : 1);
}
uint32_t NvEkNonce(const EkKind& kind) { return IsLowRange(kind) ? kind.nv_certificate + 1 : 0; }

const std::array<EkKind, 5>& EkKinds() {
  static constexpr std::array<EkKind, 5> kKinds = {{
      {"H-3 P-384", kHandleEkP384High, kNvEkCertP384High, EkTemplateP384High},
      {"H-2 P-256", kHandleEkP256High, kNvEkCertP256High, EkTemplateP256High},
      {"H-1 RSA-2048", kHandleEkRsa2048High, kNvEkCertRsa2048High, EkTemplateRsa2048High},
      {"L-2 P-256", kHandleEkP256Low, kNvEkCertP256Low, EkTemplateP256Low},
      {"L-1 RSA-2048", kHandleEkRsa2048Low, kNvEkCertRsa2048Low, EkTemplateRsa2048Low},
  }};
  return kKinds;
}

bool MatchesTemplate(const PublicArea& ek, const PublicArea& known) {
  PublicArea a = ek;
  PublicArea b = known;
  for (PublicArea* area : {&a, &b}) {
    if (auto* rsa = std::get_if<RsaKey>(&area->key)) rsa->modulus.clear();
    if (auto* ecc = std::get_if<EccKey>(&area->key)) {
      ecc->x.clear();
      ecc->y.clear();
    }
  }
  return a == b;
}

PublicArea AkTemplate(ByteView unique) { return Signing(kAkAttributes, unique); }
PublicArea DeviceKeyTemplate(ByteView unique) { return Signing(kDeviceKeyAttributes, unique); }

}  // namespace preseal::tpmwire
