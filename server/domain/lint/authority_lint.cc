// SPDX-License-Identifier: Apache-2.0
// CA certificates: may this one vouch for TPMs, and who vouches for it.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "common/base/limits.h"
#include "server/domain/attestation/ek_certificate_facts.h"
#include "server/domain/attestation/ek_path.h"
#include "server/domain/lint/lint_parts.h"

namespace preseal::server {
namespace {

using crypto::Certificate;

constexpr int kSecurityBitsMin = 112;  // SHA-1 and below are under it
constexpr size_t kSerialHexMax = 40;   // RFC 5280: 20 octets
constexpr int kVersion3 = 3;
constexpr std::string_view kRootCheck = "CA certificate leads to a trusted root";

bool Holds(const std::vector<Certificate>& list, const Certificate& wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

class AuthorityLint {
 public:
  AuthorityLint(const Certificate& certificate, const LintOptions& options)
      : certificate_(certificate), options_(options) {
    result_.kind = LintKind::kCaCertificate;
    result_.spki = ToHex(certificate.spki_sha256());
  }

  LintResult Run() {
    Form();
    MayIssue();
    Key();
    Signature();
    Path();
    Dates();
    if (NamesVirtualTpm(certificate_)) {
      findings_.Remark(kLintAuthority + 5, "CA vouches for hardware",
                       "an authority of virtual TPMs: " + LintText(certificate_.subject()),
                       "a maker of TPM chips", RefusalCode::kTpmIsVirtual,
                       "Use it in a lab only; never put it among the makers' roots.");
    }
    return std::move(result_);
  }

 private:
  bool self_issued() const { return certificate_.subject_der() == certificate_.issuer_der(); }
  bool is_root() const {
    return options_.trust != nullptr && Holds(options_.trust->roots, certificate_);
  }

  void Malformed(std::string_view seen, std::string_view expected) {
    findings_.Refuse(kLintAuthority, "CA certificate is well-formed", RefusalCode::kEkCertMalformed,
                     seen, expected);
  }

  void Form() {
    const auto facts = ReadEkCertificateFacts(certificate_);
    if (!facts.ok()) {
      return Malformed(LintText(MessageOf(facts.status())), "readable attributes");
    }
    if (facts->version != kVersion3) Malformed(fmt::format("version {}", facts->version), "3");
    const std::string& serial = certificate_.serial_hex();
    if (serial.empty() || serial[0] == '-' || serial == "0" || serial.size() > kSerialHexMax) {
      Malformed("serial number " + LintText(serial), "positive, at most 20 bytes");
    }
    std::set<std::string_view> seen;
    for (const auto& extension : certificate_.extensions()) {
      if (!seen.insert(extension.oid).second) {
        Malformed("extension " + extension.oid + " twice", "each extension once");
      }
      if (extension.critical && !Known(extension.oid)) {
        Malformed("critical extension " + extension.oid, "only critical extensions we understand");
      }
    }
  }

  // nameConstraints is not among them: we do not enforce it, so it must not be there.
  static bool Known(std::string_view oid) {
    static constexpr std::string_view kKnown[] = {
        "2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.32", "2.5.29.35", "2.5.29.37"};
    return std::find(std::begin(kKnown), std::end(kKnown), oid) != std::end(kKnown);
  }

  void MayIssue() {
    const auto usage = certificate_.key_usage();
    const bool signs = !usage || (*usage & crypto::kKeyCertSign) != 0;
    if (certificate_.is_ca() && signs) return;
    findings_.Refuse(kLintAuthority + 1, "CA may issue", RefusalCode::kEkChainUntrusted,
                     certificate_.is_ca() ? "key usage without keyCertSign" : "no authority",
                     "cA TRUE and keyCertSign");
  }

  void Key() {
    const KeyFault fault = FaultOfKey(certificate_);
    if (fault.code == RefusalCode::kNone) return;
    findings_.Refuse(kLintAuthority + 2, "CA's key is strong", fault.code, fault.seen,
                     fault.expected);
  }

  // A root is trusted as it is: its own signature never matters.
  void Signature() {
    if (self_issued()) {
      if (certificate_.IsSignedBy(certificate_)) return;
      findings_.Refuse(kLintAuthority + 3, "CA signed itself", RefusalCode::kEkChainBadSignature,
                       "a signature that does not verify", "a signature by its own key");
    } else if (!is_root() && SignatureSecurityBits(certificate_) < kSecurityBitsMin) {
      findings_.Refuse(303, "signatures of the chain are strong", RefusalCode::kEkSigAlgWeak,
                       "weak signature on the CA certificate", "SHA-256 or stronger");
    }
  }

  void Path() {
    if (options_.trust == nullptr) {
      return findings_.Remark(kLintNoTrust, "trust anchors were given", "none",
                              "the makers' CA certificates", RefusalCode::kEkChainUntrusted,
                              "Name a folder of them with --trust.");
    }
    if (is_root()) {
      result_.chain.push_back(LintText(certificate_.subject()));
      return;
    }
    EkIssuers issuers;
    issuers.roots = &options_.trust->roots;
    issuers.intermediates = &options_.trust->intermediates;
    const EkPath path = FindEkPath(certificate_, issuers);
    if (!path.found) return NoPath(path.forged);
    for (const Certificate& issuer : path.issuers) {
      result_.chain.push_back(LintText(issuer.subject()));
    }
    for (const PathFault& fault :
         {WeakSignatureIn(certificate_, path, nullptr), BadIssuerIn(path)}) {
      if (fault.code == RefusalCode::kNone) continue;
      findings_.Refuse(304, "issuers of the chain may issue", fault.code, fault.seen,
                       fault.expected);
    }
    // Makers sign their roots anew under public authorities: the copy at hand may be the younger.
    if (const PathFault fault = IssuedOutOfTime(certificate_, path); !fault.seen.empty()) {
      findings_.Remark(305, "CA certificate was issued while its issuers were valid", fault.seen,
                       fault.expected, fault.code);
    }
  }

  void NoPath(bool forged) {
    const std::string issuer = LintText(certificate_.issuer());
    if (forged) {
      findings_.Refuse(302, kRootCheck, RefusalCode::kEkChainBadSignature,
                       "not signed by its issuer " + issuer, "a signature by the named issuer");
    } else {
      findings_.Refuse(302, kRootCheck, RefusalCode::kEkChainUntrusted, "issuer " + issuer,
                       "a path to one of the trust anchors");
    }
    SameName();
  }

  // Whoever goes by names alone would take this one for the genuine one.
  void SameName() {
    for (const auto* list : {&options_.trust->roots, &options_.trust->intermediates}) {
      for (const Certificate& genuine : *list) {
        if (genuine.subject() != certificate_.subject()) continue;
        return findings_.Remark(
            kLintSameName, "no genuine authority has this name",
            fmt::format("{}, key {}, by {}", LintText(certificate_.subject()), result_.spki,
                        LintText(certificate_.issuer())),
            fmt::format("key {}, by {}, as the trusted authority of this name",
                        ToHex(genuine.spki_sha256()), LintText(genuine.issuer())));
      }
    }
  }

  // What it signed in time stays good after its end; so an end is a finding.
  void Dates() {
    if (certificate_.not_before() > options_.now + kClockSkewMax) {
      findings_.Refuse(306, "CA certificate is valid already", RefusalCode::kEkNotYetValid,
                       "valid from " + LintTime(certificate_.not_before()),
                       "valid at " + LintTime(options_.now));
    }
    if (certificate_.not_after() < options_.now) {
      findings_.Remark(307, "CA certificate has not expired",
                       "valid until " + LintTime(certificate_.not_after()),
                       "valid at " + LintTime(options_.now), RefusalCode::kNone,
                       "What it issued before its end stays good.");
    }
  }

  const Certificate& certificate_;
  const LintOptions& options_;
  LintResult result_;
  LintFindings findings_{result_};
};

}  // namespace

LintResult LintAuthority(const Certificate& certificate, const LintOptions& options) {
  return AuthorityLint(certificate, options).Run();
}

}  // namespace preseal::server
