// SPDX-License-Identifier: Apache-2.0
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "common/base/limits.h"
#include "server/domain/attestation/attestation_checks.h"
#include "server/domain/attestation/ek_revocation.h"

namespace preseal::server {
namespace {

std::string Quoted(const std::string& vendor) {
  return vendor.empty() ? "nobody known" : EscapeForLog(vendor, kNameBytesMax);
}

std::string Instant(WallTime time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

CheckResult ToResult(const PathFault& fault) {
  return fault.code == RefusalCode::kNone ? Pass() : Refuse(fault.code, fault.seen, fault.expected);
}

// What the device sends beside its certificate only helps the search; junk there harms nobody.
CheckResult SentChainIsReadable(Examination& examination) {
  size_t junk = 0;
  for (const Bytes& der : examination.evidence.ek_chain) {
    if (!crypto::Certificate::FromDer(der).ok()) ++junk;
  }
  if (junk == 0) return Pass();
  return Remark(fmt::format("{} of {} chain entries are no certificate", junk,
                            examination.evidence.ek_chain.size()),
                "certificates");
}

CheckResult ChainEndsInATrustedRoot(Examination& examination) {
  std::vector<crypto::Certificate> sent;
  for (const Bytes& der : examination.evidence.ek_chain) {
    if (auto one = crypto::Certificate::FromDer(der); one.ok()) sent.push_back(*std::move(one));
  }
  examination.path = FindEkPath(*examination.ek_certificate,
                                EkIssuers::Of(*examination.context.trust, std::move(sent)));
  if (examination.path.found) return Pass();
  const std::string issuer = EscapeForLog(examination.ek_certificate->issuer(), kNameBytesMax);
  if (examination.path.forged) {
    return Refuse(RefusalCode::kEkChainBadSignature, "not signed by its issuer " + issuer,
                  "a signature by the named issuer");
  }
  return Refuse(RefusalCode::kEkChainUntrusted, "issuer " + issuer,
                "a path to one of the configured roots");
}

CheckResult SignaturesAreStrong(Examination& examination) {
  return ToResult(
      WeakSignatureIn(*examination.ek_certificate, examination.path, examination.context.trust));
}

CheckResult IssuersMayIssue(Examination& examination) {
  return ToResult(BadIssuerIn(examination.path));
}

CheckResult IssuedInTime(Examination& examination) {
  return ToResult(IssuedOutOfTime(*examination.ek_certificate, examination.path));
}

CheckResult AlreadyValid(Examination& examination) {
  const WallTime start = examination.ek_certificate->not_before();
  if (start <= examination.context.now + kClockSkewMax) return Pass();
  return Refuse(RefusalCode::kEkNotYetValid, "valid from " + Instant(start),
                "valid at " + Instant(examination.context.now));
}

CheckResult NotExpired(Examination& examination) {
  const WallTime end = examination.ek_certificate->not_after();
  if (examination.context.now <= end) return Pass();
  const std::string seen = "valid until " + Instant(end);
  const std::string expected = "valid at " + Instant(examination.context.now);
  // A chip outlives its certificate; whether that matters is the site's decision.
  if (examination.context.policy->expired_ek == ExpiredEk::kAcceptWithFinding) {
    return Remark(seen, expected);
  }
  return Refuse(RefusalCode::kEkExpired, seen, expected);
}

CheckResult NotRevoked(Examination& examination) {
  const AttestationContext& context = examination.context;
  const RevocationUse use = context.policy->revocation;
  if (use == RevocationUse::kOff) return Pass();
  const RevocationAnswer answer =
      RevocationOf(*examination.ek_certificate, examination.path, *context.trust, context.now);
  const std::string_view expected = "not revoked by a current list of each issuer";
  switch (answer.state) {
    case RevocationState::kGood:
      return Pass();
    case RevocationState::kRevoked:
      return Refuse(RefusalCode::kEkRevoked, answer.seen, expected);
    case RevocationState::kUnknown:
      break;
  }
  if (use == RevocationUse::kPrefer) return Remark(answer.seen, expected);
  return Refuse(RefusalCode::kEkRevocationUnknown, answer.seen, expected);
}

CheckResult PurposeMayBeMissing(Examination& examination) {
  if (!examination.lacks_purpose) return Pass();
  const TrustBundle& trust = *examination.context.trust;
  const std::string vendor = trust.VendorOf(examination.path.issuers);
  if (trust.MayLackEku(vendor)) return Pass();
  return Refuse(RefusalCode::kEkEku, "no extended key usage, issued by " + Quoted(vendor),
                "a maker that may leave it out");
}

constexpr AttestationCheck kChecks[] = {
    {301, "chain sent by the device is readable", SentChainIsReadable},
    {302, "EK certificate leads to a trusted root", ChainEndsInATrustedRoot},
    {303, "signatures of the chain are strong", SignaturesAreStrong},
    {304, "issuers of the chain may issue", IssuersMayIssue},
    {305, "EK certificate was issued while its issuers were valid", IssuedInTime},
    {306, "EK certificate is valid already", AlreadyValid},
    {307, "EK certificate has not expired", NotExpired},
    {308, "EK certificate is not revoked", NotRevoked},
    {309, "only a maker that may leaves the purpose out", PurposeMayBeMissing},
};

}  // namespace

AttestationChecks EkChainChecks() { return kChecks; }

}  // namespace preseal::server
