// SPDX-License-Identifier: Apache-2.0
// Platform attribute certificates. Their makers are not the TPM makers, so an issuer that is not
// among the trust anchors is a finding; one that is there and did not sign is a refusal.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "common/base/limits.h"
#include "server/domain/lint/lint_parts.h"
#include "server/domain/lint/platform_certificate.h"

namespace preseal::server {
namespace {

constexpr size_t kSerialBytesLimit = 21;                      // RFC 5280: 20, and a leading zero
constexpr std::string_view kSpecification = "2.23.133.2.17";  // tcg-at-tcgPlatformSpecification
constexpr std::string_view kStrong = "signature is strong";
constexpr std::string_view kStrongOnes = "RSA or ECDSA with SHA-256 or stronger";

struct SignatureScheme {
  std::string_view oid;
  std::optional<crypto::HashAlg> hash;  // nothing: too weak
  bool ecdsa;
};
constexpr SignatureScheme kSchemes[] = {
    {"1.2.840.113549.1.1.4", std::nullopt, false},  // md5WithRSA
    {"1.2.840.113549.1.1.5", std::nullopt, false},  // sha1WithRSA
    {"1.2.840.10045.4.1", std::nullopt, true},      // ecdsa-with-SHA1
    {"1.2.840.113549.1.1.11", crypto::HashAlg::kSha256, false},
    {"1.2.840.113549.1.1.12", crypto::HashAlg::kSha384, false},
    {"1.2.840.113549.1.1.13", crypto::HashAlg::kSha512, false},
    {"1.2.840.10045.4.3.2", crypto::HashAlg::kSha256, true},
    {"1.2.840.10045.4.3.3", crypto::HashAlg::kSha384, true},
    {"1.2.840.10045.4.3.4", crypto::HashAlg::kSha512, true},
};

class PlatformLint {
 public:
  PlatformLint(const PlatformCertificate& certificate, const LintOptions& options,
               LintResult& result)
      : certificate_(certificate), options_(options), result_(result), findings_(result) {}

  void Run() {
    Form();
    Holder();
    Signature();
    Dates();
  }

 private:
  void Malformed(std::string_view seen, std::string_view expected) {
    findings_.Refuse(kLintPlatform, "platform certificate is well-formed",
                     RefusalCode::kEvidenceMalformed, seen, expected);
  }

  void Form() {
    const Bytes& serial = certificate_.serial;
    const bool positive = serial[0] < 0x80 && !(serial.size() == 1 && serial[0] == 0);
    if (!positive || serial.size() > kSerialBytesLimit) {
      Malformed("serial number " + LintText(ToHex(serial)), "positive, at most 20 bytes");
    }
    for (const std::string& oid : certificate_.unknown_critical) {
      Malformed("critical extension " + LintText(oid), "only critical extensions we understand");
    }
    const auto& attributes = certificate_.attributes;
    if (std::find(attributes.begin(), attributes.end(), kSpecification) == attributes.end()) {
      findings_.Remark(kLintPlatform + 1, "platform specification is named", "not named",
                       "attribute " + std::string(kSpecification));
    }
  }

  void Holder() {
    if (!certificate_.holder_issuer_der.empty() || certificate_.holder_is_digest) return;
    findings_.Remark(kLintPlatform + 2, "holder is an EK certificate", "a name only",
                     "issuer and serial number of the EK certificate");
  }

  void Signature() {
    const auto scheme = std::find_if(
        std::begin(kSchemes), std::end(kSchemes),
        [&](const SignatureScheme& s) { return s.oid == certificate_.signature_algorithm; });
    if (scheme == std::end(kSchemes)) return WeakSignature();
    if (!scheme->hash && FindIssuers().empty()) {
      // Nobody's signature is believed here; that of a known issuer would be refused.
      return findings_.Remark(kLintPlatform + 3, kStrong, SignatureName(), kStrongOnes,
                              RefusalCode::kEkSigAlgWeak);
    }
    if (!scheme->hash) return WeakSignature();
    if (options_.trust == nullptr) {
      return findings_.Remark(kLintNoTrust, "trust anchors were given", "none",
                              "the platform maker's CA certificates", RefusalCode::kNone,
                              "Name a folder of them with --trust.");
    }
    JudgeIssuer(*scheme);
  }

  std::string SignatureName() const {
    return "algorithm " + LintText(certificate_.signature_algorithm);
  }
  void WeakSignature() {
    findings_.Refuse(kLintPlatform + 3, kStrong, RefusalCode::kEkSigAlgWeak, SignatureName(),
                     kStrongOnes);
  }

  // Trusted authorities of the name it gives as its issuer's.
  std::vector<const crypto::Certificate*> FindIssuers() const {
    std::vector<const crypto::Certificate*> found;
    if (options_.trust == nullptr) return found;
    for (const auto* list : {&options_.trust->roots, &options_.trust->intermediates}) {
      for (const crypto::Certificate& issuer : *list) {
        if (issuer.subject_der() == certificate_.issuer_der) found.push_back(&issuer);
      }
    }
    return found;
  }

  void JudgeIssuer(const SignatureScheme& scheme) {
    const auto issuers = FindIssuers();
    for (const crypto::Certificate* issuer : issuers) {
      if (!SignedBy(*issuer, scheme)) continue;
      result_.chain.push_back(LintText(issuer->subject()));
      return;
    }
    if (!issuers.empty()) {
      findings_.Refuse(kLintPlatform + 4, "issuer signed it", RefusalCode::kEkChainBadSignature,
                       "a signature that does not verify", "a signature by the named issuer");
    } else {
      findings_.Remark(kLintPlatform + 4, "issuer signed it", "issuer is not a trust anchor",
                       "its issuer's certificate");
    }
  }

  bool SignedBy(const crypto::Certificate& issuer, const SignatureScheme& scheme) const {
    const auto key = issuer.public_key();
    if (!key.ok()) return false;
    return scheme.ecdsa ? key->VerifyEcdsaDer(*scheme.hash, certificate_.signed_bytes,
                                              certificate_.signature)
                        : key->VerifyRsaPkcs1(*scheme.hash, certificate_.signed_bytes,
                                              certificate_.signature);
  }

  // It says how the platform left its maker; that stays so after its end.
  void Dates() {
    if (certificate_.not_before > options_.now + kClockSkewMax) {
      findings_.Refuse(
          kLintPlatform + 5, "platform certificate is valid already", RefusalCode::kEkNotYetValid,
          "valid from " + LintTime(certificate_.not_before), "valid at " + LintTime(options_.now));
    }
    if (certificate_.not_after < options_.now) {
      findings_.Remark(kLintPlatform + 6, "platform certificate has not expired",
                       "valid until " + LintTime(certificate_.not_after),
                       "valid at " + LintTime(options_.now), RefusalCode::kEkExpired);
    }
  }

  const PlatformCertificate& certificate_;
  const LintOptions& options_;
  LintResult& result_;
  LintFindings findings_;
};

}  // namespace

LintResult LintPlatformCertificate(ByteView der, const LintOptions& options) {
  LintResult result;
  result.kind = LintKind::kPlatformCertificate;
  const auto certificate = ParsePlatformCertificate(der);
  if (!certificate.ok()) {
    LintFindings(result).Refuse(
        kLintPlatform, "platform certificate is well-formed", RefusalCode::kEvidenceMalformed,
        LintText(MessageOf(certificate.status())), "an AttributeCertificate of version 2");
    return result;
  }
  result.manufacturer = LintText(certificate->manufacturer);
  result.model = LintText(certificate->model);
  result.version = LintText(certificate->version);
  PlatformLint(*certificate, options, result).Run();
  return result;
}

}  // namespace preseal::server
