// SPDX-License-Identifier: Apache-2.0
#include "common/tpmwire/name.h"
#include "server/domain/attestation/attestation_checks.h"
#include "server/domain/attestation/statement.h"

namespace preseal::server {
namespace {

CheckResult As(RefusalCode code, const Objection& objection) {
  return objection ? Refuse(code, objection.seen, objection.expected) : Pass();
}

CheckResult Signature(Examination& e) {
  return As(RefusalCode::kCertifySignature,
            ObjectToSignature(*e.ak_key, e.evidence.certify_attest, e.evidence.certify_signature));
}

CheckResult Magic(Examination& e) {
  return As(RefusalCode::kCertifyMagic, ObjectToMagic(e.evidence.certify_attest));
}

CheckResult Type(Examination& e) {
  return As(RefusalCode::kCertifyType,
            ObjectToType(e.evidence.certify_attest, tpmwire::kAttestCertify));
}

CheckResult Parses(Examination& e) {
  auto attest = tpmwire::ParseAttest(e.evidence.certify_attest);
  if (!attest.ok()) {
    return Refuse(RefusalCode::kCertifyMalformed, MessageOf(attest.status()), "a TPMS_ATTEST");
  }
  e.certify = std::move(*attest);
  return Pass();
}

CheckResult Nonce(Examination& e) {
  return As(RefusalCode::kCertifyNonce, ObjectToNonce(e.certify, e.certify_qualifying_data));
}

CheckResult Name(Examination& e) {
  const Bytes expected = tpmwire::NameOf(e.device_key);
  if (e.certify.certify()->name == expected) return Pass();
  return Refuse(RefusalCode::kCertifyName, ToHex(e.certify.certify()->name), ToHex(expected));
}

// Only in the endorsement hierarchy are firmware version and reset counts shown unobscured.
CheckResult AkHierarchy(Examination& e) {
  return As(RefusalCode::kAkHierarchy, ObjectToSigner(e.certify, e.ak));
}

CheckResult DeviceKeyHierarchy(Examination& e) {
  const Bytes expected = tpmwire::QualifiedNameOf(tpmwire::kHierarchyOwner, e.device_key);
  if (e.certify.certify()->qualified_name == expected) return Pass();
  return Refuse(RefusalCode::kTlsKeyHierarchy, ToHex(e.certify.certify()->qualified_name),
                ToHex(expected));
}

constexpr AttestationCheck kChecks[] = {
    {701, "certify signature is the AK's", Signature},
    {702, "certify statement was made by a TPM", Magic},
    {703, "certify statement is one", Type},
    {704, "certify statement parses", Parses},
    {705, "certify statement is of this session", Nonce},
    {706, "certify statement names the device key", Name},
    {707, "AK is in the endorsement hierarchy", AkHierarchy},
    {708, "device key is in the owner hierarchy", DeviceKeyHierarchy},
};

}  // namespace

AttestationChecks CertifyChecks() { return kChecks; }

}  // namespace preseal::server
