// SPDX-License-Identifier: Apache-2.0
// EK certificates, by the server's own checks.
#include <fmt/format.h>

#include <algorithm>

#include "server/domain/attestation/attestation_checks.h"
#include "server/domain/lint/classify.h"
#include "server/domain/lint/lint_parts.h"

namespace preseal::server {
namespace {

constexpr int kCheckParses = 203;
constexpr int kCheckEku = 209;
constexpr int kCheckSan = 211;
constexpr int kCheckRoot = 302;
constexpr int kCheckSignatures = 303;
constexpr int kCheckLastOfPath = 305;
constexpr int kCheckVirtual = 501;
constexpr int kCheckVendor = 502;
constexpr int kSecurityBitsMin = 112;  // SHA-1 and below are under it
constexpr std::string_view kTrustGiven = "trust anchors were given";

// One certificate on the server's bench, alone: no keys, no claims, no record.
class EkCertificateLint {
 public:
  EkCertificateLint(ByteView nv, const LintOptions& options) : options_(options) {
    evidence_.ek_certificate = ToBytes(nv);
    policy_.revocation = RevocationUse::kOff;  // nobody gives lint the lists
    context_.now = options.now;
    context_.policy = &policy_;
    context_.trust = &trust_;
    if (options.trust != nullptr) {
      trust_.roots = options.trust->roots;
      trust_.intermediates = options.trust->intermediates;
    }
    result_.kind = LintKind::kEkCertificate;
  }

  LintResult Run() {
    if (!RunUntilParsed()) return std::move(result_);
    const crypto::Certificate& certificate = *e_.ek_certificate;
    DescribeSubject(certificate);
    // Clouds' certificates lack what a maker's has; that they are of no chip is what matters.
    cloud_ = NamesVirtualTpm(certificate);
    if (cloud_) RefuseVirtual();
    for (const AttestationCheck& check : EkCertificateChecks()) {
      if (check.number > kCheckParses) Run(check);
    }
    RunChain();
    if (result_.code() != RefusalCode::kEkNotTpm20) RunKey(certificate);
    for (const AttestationCheck& check : TpmIdentityChecks()) Run(check);
    return std::move(result_);
  }

 private:
  bool RunUntilParsed() {
    for (const AttestationCheck& check : EkCertificateChecks()) {
      if (check.number > kCheckParses) break;
      if (!Run(check)) return false;
    }
    return true;
  }

  // False if it refused.
  bool Run(const AttestationCheck& check) {
    const CheckResult seen = check.run(e_);
    if (seen.verdict == CheckVerdict::kPass) return true;
    if (seen.verdict == CheckVerdict::kFail && Excused(check.number)) {
      findings_.Remark(check.number, check.name, seen.seen, seen.expected, seen.code);
      return true;
    }
    result_.findings.push_back({check.number, std::string(check.name), seen.verdict, seen.code,
                                seen.seen, seen.expected, ""});
    return seen.verdict != CheckVerdict::kFail;
  }

  // In the lab a virtual TPM may lack what only makers of chips put into certificates.
  bool Excused(int number) const {
    if (number == kCheckVirtual || number == kCheckVendor) {
      return options_.lab || (number == kCheckVirtual && cloud_);  // said before, then
    }
    const bool lab_cloud = options_.lab && cloud_;
    if (number == kCheckEku) {
      return lab_cloud && e_.ek_certificate->extended_key_usages().empty();
    }
    return number == kCheckSan && lab_cloud && e_.ek_facts.directory_names == 0;
  }

  void RefuseVirtual() {
    const std::string seen = "issued by " + LintText(e_.ek_certificate->issuer());
    if (options_.lab) {
      findings_.Remark(kCheckVirtual, "TPM is hardware", seen, "a hardware TPM",
                       RefusalCode::kTpmIsVirtual);
    } else {
      findings_.Refuse(kCheckVirtual, "TPM is hardware", RefusalCode::kTpmIsVirtual, seen,
                       "a hardware TPM");
    }
  }

  void RunChain() {
    const bool judged = options_.trust != nullptr;
    if (!judged) {
      findings_.Remark(kLintNoTrust, kTrustGiven, "none", "the makers' CA certificates",
                       RefusalCode::kEkChainUntrusted, "Name a folder of them with --trust.");
    }
    for (const AttestationCheck& check : EkChainChecks()) {
      const bool about_path = check.number > kCheckRoot && check.number <= kCheckLastOfPath;
      if (check.number == kCheckRoot && !judged) continue;
      if (about_path && !e_.path.found) continue;
      Run(check);
    }
    if (!e_.path.found) RunSignatureAlgorithm();
    for (const crypto::Certificate& issuer : e_.path.issuers) {
      result_.chain.push_back(LintText(issuer.subject()));
    }
  }

  // Without a path, of the certificate itself.
  void RunSignatureAlgorithm() {
    if (SignatureSecurityBits(*e_.ek_certificate) >= kSecurityBitsMin) return;
    findings_.Refuse(kCheckSignatures, "signatures of the chain are strong",
                     RefusalCode::kEkSigAlgWeak, "weak signature on the EK certificate",
                     "SHA-256 or stronger");
  }

  void RunKey(const crypto::Certificate& certificate) {
    const KeyFault fault = FaultOfKey(certificate);
    if (fault.code == RefusalCode::kNone) return;
    const bool roca = fault.code == RefusalCode::kEkKeyRoca;
    findings_.Refuse(roca ? 403 : 402, roca ? "EK is not ROCA" : "EK is strong", fault.code,
                     fault.seen, fault.expected);
  }

  void DescribeSubject(const crypto::Certificate& certificate) {
    result_.spki = ToHex(certificate.spki_sha256());
    const EkCertificateFacts& facts = e_.ek_facts;
    if (!facts.manufacturers.empty()) result_.manufacturer = LintText(facts.manufacturers[0]);
    if (!facts.models.empty()) result_.model = LintText(facts.models[0]);
    if (!facts.versions.empty()) result_.version = LintText(facts.versions[0]);
  }

  const LintOptions& options_;
  AttestationEvidence evidence_;
  AttestationPolicy policy_;
  TrustBundle trust_;
  AttestationContext context_;
  Examination e_{.evidence = evidence_, .context = context_};
  LintResult result_;
  LintFindings findings_{result_};
  bool cloud_ = false;
};

bool IsTrusted(const crypto::Certificate& certificate, const LintOptions& options) {
  if (options.trust == nullptr) return false;
  const auto holds = [&](const std::vector<crypto::Certificate>& list) {
    return std::find(list.begin(), list.end(), certificate) != list.end();
  };
  return holds(options.trust->roots) || holds(options.trust->intermediates);
}

// An authority, unless it names a TPM as only an EK's certificate does: the trick of giving that
// one cA TRUE must not make it another kind of file.
bool IsAuthority(const crypto::Certificate& certificate, const LintOptions& options) {
  if (IsTrusted(certificate, options)) return true;
  if (!certificate.is_ca()) return false;
  const auto facts = ReadEkCertificateFacts(certificate);
  return facts.ok() && facts->manufacturers.empty() && facts->models.empty() && !facts->spec_family;
}

}  // namespace

LintResult LintX509(ByteView nv_or_der, const LintOptions& options) {
  const auto nv = tpmwire::UnwrapNvCertificate(nv_or_der);
  if (nv.ok()) {
    const auto certificate = crypto::Certificate::FromDer(nv->der);
    if (certificate.ok() && IsAuthority(*certificate, options)) {
      LintResult result = LintAuthority(*certificate, options);
      if (nv->padding_bytes != 0) {
        LintFindings(result).Remark(kLintAuthority + 9, "the file is one certificate",
                                    fmt::format("{} bytes after it", nv->padding_bytes), "none");
      }
      return result;
    }
  }
  LintResult result = EkCertificateLint(nv_or_der, options).Run();
  if (result.code() == RefusalCode::kEkCertMalformed && result.spki.empty() &&
      LooksLikeAuthority(nv_or_der)) {
    result.kind = LintKind::kCaCertificate;
  }
  return result;
}

}  // namespace preseal::server
