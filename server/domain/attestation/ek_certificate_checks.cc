// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "common/base/limits.h"
#include "server/domain/attestation/attestation_checks.h"

namespace preseal::server {
namespace {

constexpr std::string_view kOidEkCertificate = "2.23.133.8.1";  // tcg-kp-EKCertificate
constexpr std::string_view kOidAnyUsage = "2.5.29.37.0";
constexpr std::string_view kOidRsaEsOaep = "1.2.840.113549.1.1.7";  // TPM 1.2's way to write a key
constexpr int kVersion3 = 3;
constexpr size_t kSerialHexMax = 40;  // RFC 5280: 20 octets

std::string Shown(std::string_view text) { return EscapeForLog(text, kNameBytesMax); }

CheckResult CertificatePresent(Examination& examination) {
  examination.certificate = examination.evidence.ek_certificate;
  if (!examination.certificate.empty()) return Pass();
  examination.certificate = examination.context.record.cached_ek_certificate;
  if (!examination.certificate.empty()) {
    return Remark("the maker's certificate from the imported cache", "an EK certificate from NV");
  }
  return Refuse(RefusalCode::kEkCertMissing, "no certificate", "an EK certificate from NV");
}

CheckResult NvContentIsOneCertificate(Examination& examination) {
  const auto nv = tpmwire::UnwrapNvCertificate(examination.certificate);
  if (!nv.ok()) {
    return Refuse(RefusalCode::kEkCertMalformed, MessageOf(nv.status()), "one DER certificate");
  }
  examination.nv = *nv;
  if (nv->had_tcg_header) return Remark("TCG header before the certificate", "none");
  if (nv->padding_bytes != 0) {
    return Remark(fmt::format("{} bytes of 0x{:02X} after the certificate", nv->padding_bytes,
                              nv->padding_value),
                  "none");
  }
  return Pass();
}

CheckResult CertificateParses(Examination& examination) {
  auto certificate = crypto::Certificate::FromDer(examination.nv.der);
  if (!certificate.ok()) {
    return Refuse(RefusalCode::kEkCertMalformed, Shown(MessageOf(certificate.status())),
                  "an X.509 certificate");
  }
  auto facts = ReadEkCertificateFacts(*certificate);
  if (!facts.ok()) {
    return Refuse(RefusalCode::kEkCertMalformed, Shown(MessageOf(facts.status())),
                  "readable TCG attributes");
  }
  examination.ek_certificate = std::move(*certificate);
  examination.ek_facts = std::move(*facts);
  return Pass();
}

CheckResult CertificateIsVersion3(Examination& examination) {
  const int version = examination.ek_facts.version;
  if (version == kVersion3) return Pass();
  return Refuse(RefusalCode::kEkCertMalformed, fmt::format("version {}", version), "version 3");
}

CheckResult SerialIsPositive(Examination& examination) {
  const std::string& serial = examination.ek_certificate->serial_hex();
  const bool good = !serial.empty() && serial[0] != '-' && serial != "0" && serial != "00" &&
                    serial.size() <= kSerialHexMax;
  if (good) return Pass();
  return Refuse(RefusalCode::kEkCertMalformed, "serial number " + Shown(serial),
                "positive, at most 20 bytes");
}

CheckResult ExtensionsAreDistinct(Examination& examination) {
  std::set<std::string_view> seen;
  for (const auto& extension : examination.ek_certificate->extensions()) {
    if (seen.insert(extension.oid).second) continue;
    return Refuse(RefusalCode::kEkCertMalformed, "extension " + extension.oid + " twice",
                  "each extension once");
  }
  return Pass();
}

// An authority's own certificate, shown instead of a TPM's, would pass every chain check.
CheckResult CertificateIsNoAuthority(Examination& examination) {
  const auto usage = examination.ek_certificate->key_usage();
  const bool signs = usage && (*usage & crypto::kKeyCertSign) != 0;
  if (!examination.ek_certificate->is_ca() && !signs) return Pass();
  return Refuse(RefusalCode::kEkIsCa, "a certificate authority", "an end entity");
}

// Keys of other roles (attestation keys, platforms) hang under the same roots.
CheckResult PurposeIsEndorsement(Examination& examination) {
  const auto& usages = examination.ek_certificate->extended_key_usages();
  if (std::find(usages.begin(), usages.end(), kOidEkCertificate) != usages.end()) return Pass();
  // Some makers leave it out; whether this is one of them shows the chain, check 309.
  if (usages.empty() && !examination.context.trust->eku_optional.empty()) {
    examination.lacks_purpose = true;
    return Remark("no extended key usage", std::string(kOidEkCertificate));
  }
  const bool any = std::find(usages.begin(), usages.end(), kOidAnyUsage) != usages.end();
  return Refuse(RefusalCode::kEkEku,
                usages.empty() ? "no extended key usage"
                : any          ? "any usage"
                               : Shown(usages[0]),
                std::string(kOidEkCertificate));
}

CheckResult KeyUsageEncrypts(Examination& examination) {
  constexpr uint32_t kEncrypting = crypto::kKeyEncipherment | crypto::kKeyAgreement;
  const auto usage = examination.ek_certificate->key_usage();
  if (usage && (*usage & kEncrypting) != 0) return Pass();
  return Refuse(RefusalCode::kEkKeyUsage,
                usage ? fmt::format("key usage bits 0x{:X}", *usage) : "no key usage",
                "keyEncipherment or keyAgreement");
}

CheckResult SubjectNamesOneTpm(Examination& examination) {
  const EkCertificateFacts& facts = examination.ek_facts;
  const bool once = facts.directory_names == 1 && facts.manufacturers.size() == 1 &&
                    facts.models.size() == 1 && facts.versions.size() == 1;
  if (!once) {
    return Refuse(RefusalCode::kEkSan,
                  fmt::format("{} directory names, {} manufacturers, {} models, {} versions",
                              facts.directory_names, facts.manufacturers.size(),
                              facts.models.size(), facts.versions.size()),
                  "one of each");
  }
  if (!ParseTpmId(facts.manufacturers[0])) {
    return Refuse(RefusalCode::kEkSan, "manufacturer " + Shown(facts.manufacturers[0]),
                  "id: and eight hex digits");
  }
  return Pass();
}

CheckResult SpecificationIsTpm20(Examination& examination) {
  const EkCertificateFacts& facts = examination.ek_facts;
  if (facts.key_algorithm == kOidRsaEsOaep) {
    return Refuse(RefusalCode::kEkNotTpm20, "an RSAES-OAEP key, as TPM 1.2 writes it", "TPM 2.0");
  }
  if (!facts.spec_family) return Remark("no TPM specification named", "family 2.0");
  if (*facts.spec_family == "2.0") return Pass();
  return Refuse(RefusalCode::kEkNotTpm20, "family " + Shown(*facts.spec_family), "family 2.0");
}

// A critical extension says: do not use me unless you understand this.
CheckResult CriticalExtensionsAreKnown(Examination& examination) {
  static constexpr std::string_view kKnown[] = {"2.5.29.9" /* subjectDirectoryAttributes */,
                                                "2.5.29.14" /* subjectKeyIdentifier */,
                                                "2.5.29.15" /* keyUsage */,
                                                "2.5.29.17" /* subjectAltName */,
                                                "2.5.29.19" /* basicConstraints */,
                                                "2.5.29.32" /* certificatePolicies */,
                                                "2.5.29.35" /* authorityKeyIdentifier */,
                                                "2.5.29.37" /* extendedKeyUsage */};
  for (const auto& extension : examination.ek_certificate->extensions()) {
    const bool known =
        std::find(std::begin(kKnown), std::end(kKnown), extension.oid) != std::end(kKnown);
    if (!extension.critical || known) continue;
    return Refuse(RefusalCode::kEkCertMalformed, "critical extension " + extension.oid,
                  "only critical extensions we understand");
  }
  return Pass();
}

constexpr AttestationCheck kChecks[] = {
    {201, "EK certificate present", CertificatePresent},
    {202, "NV content is one certificate", NvContentIsOneCertificate},
    {203, "EK certificate parses", CertificateParses},
    {204, "EK certificate is X.509v3", CertificateIsVersion3},
    {205, "EK certificate serial is positive", SerialIsPositive},
    {206, "EK certificate extensions are distinct", ExtensionsAreDistinct},
    {207, "EK certificate is no authority", CertificateIsNoAuthority},
    {208, "EK certificate is for a TPM 2.0", SpecificationIsTpm20},
    {209, "EK certificate is for an endorsement key", PurposeIsEndorsement},
    {210, "EK certificate allows key encryption", KeyUsageEncrypts},
    {211, "EK certificate names one TPM", SubjectNamesOneTpm},
    {212, "EK certificate has no unknown critical extension", CriticalExtensionsAreKnown},
};

}  // namespace

AttestationChecks EkCertificateChecks() { return kChecks; }

}  // namespace preseal::server
