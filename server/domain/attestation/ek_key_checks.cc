// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "common/base/limits.h"
#include "common/tpmwire/signature.h"
#include "common/tpmwire/templates.h"
#include "server/domain/attestation/attestation_checks.h"
#include "server/domain/attestation/roca.h"

namespace preseal::server {
namespace {

constexpr int kRsaBitsMin = 2048;
constexpr uint32_t kRsaExponent = 65537;

CheckResult EkParses(Examination& examination) {
  auto ek = tpmwire::ParsePublic(examination.evidence.ek_public);
  if (!ek.ok()) {
    return Refuse(RefusalCode::kEkPublicMalformed, MessageOf(ek.status()),
                  "a TPMT_PUBLIC of an RSA or ECC key");
  }
  examination.ek = std::move(*ek);
  return Pass();
}

CheckResult EkIsStrong(Examination& examination) {
  if (const tpmwire::RsaKey* rsa = examination.ek.rsa()) {
    const bool exponent_good = rsa->exponent == 0 || rsa->exponent == kRsaExponent;
    if (rsa->key_bits < kRsaBitsMin || !exponent_good || rsa->modulus.back() % 2 == 0) {
      return Refuse(RefusalCode::kEkKeyWeak,
                    fmt::format("RSA-{}, exponent {}", rsa->key_bits, rsa->exponent),
                    "RSA-2048 or more, exponent 65537, odd modulus");
    }
  }
  auto key = tpmwire::ToPublicKey(examination.ek);
  if (!key.ok()) {
    // An off-curve point would make the server's side of ECDH leak (invalid-curve attack).
    return Refuse(RefusalCode::kEkKeyWeak, MessageOf(key.status()), "a valid public key");
  }
  examination.ek_spki_sha256 = key->SpkiSha256();
  examination.ek_key = std::move(*key);
  return Pass();
}

CheckResult EkIsNotRoca(Examination& examination) {
  const tpmwire::RsaKey* rsa = examination.ek.rsa();
  if (rsa == nullptr || !HasRocaFingerprint(rsa->modulus)) return Pass();
  return Refuse(RefusalCode::kEkKeyRoca, "the fingerprint of CVE-2017-15361", "a sound RSA key");
}

// Without this, anybody's genuine certificate could vouch for anybody's key.
CheckResult CertificateBelongsToEk(Examination& examination) {
  if (!examination.ek_certificate) return Remark("no certificate", "the certificate of this key");
  const auto certified = examination.ek_certificate->public_key();
  if (certified.ok() && certified->Equals(*examination.ek_key)) return Pass();
  return Refuse(RefusalCode::kEkKeyMismatch,
                "certificate for key " + ToHex(examination.ek_certificate->spki_sha256()),
                "key " + ToHex(examination.ek_spki_sha256));
}

CheckResult EkIsOfAKnownKind(Examination& examination) {
  const auto& kinds = tpmwire::EkKinds();
  const bool known = std::any_of(kinds.begin(), kinds.end(), [&](const tpmwire::EkKind& kind) {
    return tpmwire::MatchesTemplate(examination.ek, kind.make_template());
  });
  if (known) return Pass();
  return Refuse(RefusalCode::kEkTemplate,
                fmt::format("attributes 0x{:08X}, policy {}", examination.ek.attributes,
                            ToHex(examination.ek.policy)),
                "a template of the TCG EK credential profile (L-1, L-2, H-1, H-2, H-3)");
}

CheckResult EkIsNotAnotherDevices(Examination& examination) {
  const auto& holder = examination.context.record.device_bound_to_ek;
  if (!holder || *holder == examination.context.record.device_id) return Pass();
  return Refuse(RefusalCode::kEkAlreadyBound, "belongs to " + *holder,
                "free, or " + examination.context.record.device_id);
}

// A record taken over by another machine's TPM (CVE-2025-13609) is refused until a person agrees.
CheckResult EkIsTheRecords(Examination& examination) {
  const auto& bound = examination.context.record.ek_bound_to_device;
  const auto seen = examination.ek_spki_sha256;
  if (!bound || *bound == seen) return Pass();
  const auto& approved = examination.context.record.approved_ek;
  if (approved && *approved == seen) {
    return Remark("another EK than before, approved by name", "EK " + ToHex(*bound));
  }
  return Refuse(RefusalCode::kEkChanged, "EK " + ToHex(seen), "EK " + ToHex(*bound));
}

constexpr AttestationCheck kChecks[] = {
    {401, "EK public area parses", EkParses},
    {402, "EK is strong", EkIsStrong},
    {403, "EK is not ROCA", EkIsNotRoca},
    {404, "EK is the certificate's key", CertificateBelongsToEk},
    {405, "EK is of a known kind", EkIsOfAKnownKind},
    {406, "EK belongs to no other device", EkIsNotAnotherDevices},
    {407, "EK is the one this record had", EkIsTheRecords},
};

}  // namespace

AttestationChecks EkKeyChecks() { return kChecks; }

}  // namespace preseal::server
