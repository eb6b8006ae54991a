// SPDX-License-Identifier: Apache-2.0
#include "server/domain/event_log/authority.h"

#include "common/crypto/certificate.h"
#include "common/crypto/digest.h"
#include "server/domain/event_log/guid.h"
#include "server/domain/event_log/uefi_variable.h"

namespace preseal::server {
namespace {

// Shim logs a C structure with its padding: up to 6 bytes seen behind the content.
constexpr size_t kShimTrailingMax = 8;
constexpr size_t kSha256Bytes = 32;

bool TakeCertificate(ByteView der, AuthorityFact& fact) {
  const auto certificate = crypto::Certificate::FromDer(der);
  if (!certificate.ok()) return false;
  fact.kind = AuthorityKind::kCertificate;
  fact.fingerprint = ToHex(certificate->fingerprint());
  fact.subject = Shown(certificate->subject());
  return true;
}

}  // namespace

std::optional<AuthorityFact> ReadAuthority(ByteView attested) {
  const auto variable = ParseUefiVariable(attested, kShimTrailingMax);
  if (!variable) return std::nullopt;
  AuthorityFact fact;
  fact.variable = Shown(variable->name);
  if (TakeCertificate(variable->data, fact)) return fact;
  if (variable->data.size() > kGuidBytes) {
    const ByteView signature = variable->data.subspan(kGuidBytes);
    if (TakeCertificate(signature, fact)) return fact;
    const bool of_database = variable->guid == kGuidSecurityDatabase && variable->name == "db";
    if (of_database && signature.size() == kSha256Bytes) {
      fact.kind = AuthorityKind::kImageHash;
      fact.fingerprint = ToHex(signature);
      return fact;
    }
  }
  fact.fingerprint = ToHex(crypto::Sha256(variable->data));
  return fact;
}

}  // namespace preseal::server
