// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "common/tpmwire/signature.h"
#include "common/tpmwire/templates.h"
#include "server/domain/attestation/attestation_checks.h"

namespace preseal::server {
namespace {

// The same questions are asked of both keys, with each one's own codes.
struct KeyRole {
  uint32_t attributes;
  RefusalCode malformed;
  RefusalCode wrong_attributes;
  RefusalCode wrong_algorithm;
};
constexpr KeyRole kAk = {tpmwire::kAkAttributes, RefusalCode::kAkMalformed,
                         RefusalCode::kAkAttributes, RefusalCode::kAkAlg};
constexpr KeyRole kDeviceKey = {tpmwire::kDeviceKeyAttributes, RefusalCode::kTlsKeyMalformed,
                                RefusalCode::kTlsKeyAttributes, RefusalCode::kTlsKeyAlg};

CheckResult Parse(ByteView bytes, const KeyRole& role, tpmwire::PublicArea* area) {
  auto parsed = tpmwire::ParsePublic(bytes);
  if (!parsed.ok()) {
    return Refuse(role.malformed, MessageOf(parsed.status()), "a TPMT_PUBLIC");
  }
  *area = std::move(*parsed);
  return Pass();
}

// Exactly: an unrestricted AK signs what its owner wrote and calls it a quote; a key that is not
// fixed to the TPM may have copies.
CheckResult Attributes(const tpmwire::PublicArea& area, const KeyRole& role) {
  if (area.attributes != role.attributes) {
    return Refuse(role.wrong_attributes, fmt::format("0x{:08X}", area.attributes),
                  fmt::format("0x{:08X}", role.attributes));
  }
  if (!area.policy.empty()) {
    return Refuse(role.wrong_attributes, "a policy", "no policy");
  }
  return Pass();
}

CheckResult Algorithm(const tpmwire::PublicArea& area, const KeyRole& role) {
  tpmwire::PublicArea wanted = tpmwire::AkTemplate({});
  wanted.attributes = area.attributes;  // judged above
  if (tpmwire::MatchesTemplate(area, wanted)) return Pass();
  return Refuse(role.wrong_algorithm, area.rsa() != nullptr ? "an RSA key" : "another ECC scheme",
                "ECDSA with SHA-256 on P-256");
}

CheckResult OnCurve(const tpmwire::PublicArea& area, const KeyRole& role,
                    std::optional<crypto::PublicKey>* key) {
  auto parsed = tpmwire::ToPublicKey(area);
  if (!parsed.ok()) return Refuse(role.malformed, MessageOf(parsed.status()), "a point on P-256");
  *key = std::move(*parsed);
  return Pass();
}

CheckResult AkParses(Examination& e) { return Parse(e.evidence.ak_public, kAk, &e.ak); }
CheckResult AkAttributes(Examination& e) { return Attributes(e.ak, kAk); }
CheckResult AkAlgorithm(Examination& e) { return Algorithm(e.ak, kAk); }
CheckResult AkOnCurve(Examination& e) { return OnCurve(e.ak, kAk, &e.ak_key); }
CheckResult DeviceKeyParses(Examination& e) {
  return Parse(e.evidence.device_key_public, kDeviceKey, &e.device_key);
}
CheckResult DeviceKeyAttributes(Examination& e) { return Attributes(e.device_key, kDeviceKey); }
CheckResult DeviceKeyAlgorithm(Examination& e) { return Algorithm(e.device_key, kDeviceKey); }
CheckResult DeviceKeyOnCurve(Examination& e) {
  return OnCurve(e.device_key, kDeviceKey, &e.tls_key);
}

// Our templates make every key anew; the same one from two machines is a copied record.
CheckResult NotSeenOn(const std::optional<std::string>& other, RefusalCode code) {
  if (!other) return Pass();
  return Refuse(code, "shown before by " + *other, "a key of its own");
}
CheckResult AkIsItsOwn(Examination& e) {
  return NotSeenOn(e.context.record.device_of_ak, RefusalCode::kAkReused);
}
CheckResult DeviceKeyIsItsOwn(Examination& e) {
  return NotSeenOn(e.context.record.device_of_tls_key, RefusalCode::kTlsKeyReused);
}

constexpr AttestationCheck kChecks[] = {
    {601, "AK public area parses", AkParses},
    {602, "AK attributes are exact", AkAttributes},
    {603, "AK algorithm is ECDSA P-256", AkAlgorithm},
    {604, "AK is on its curve", AkOnCurve},
    {605, "device key public area parses", DeviceKeyParses},
    {606, "device key attributes are exact", DeviceKeyAttributes},
    {607, "device key algorithm is ECDSA P-256", DeviceKeyAlgorithm},
    {608, "device key is on its curve", DeviceKeyOnCurve},
    {609, "AK was not shown by another device", AkIsItsOwn},
    {610, "device key was not shown by another device", DeviceKeyIsItsOwn},
};

}  // namespace

AttestationChecks DeviceKeyChecks() { return kChecks; }

}  // namespace preseal::server
