// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/ca/evidence_signer.h"

#include "common/base/limits.h"
#include "common/base/secret.h"
#include "common/crypto/jws.h"
#include "common/files/files.h"
#include "server/domain/evidence/evidence_record.h"

namespace preseal::server {
namespace {

StatusOr<crypto::Certificate> ReadCertificate(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const Bytes pem, files::Read(path.string(), kPemBundleBytesMax));
  auto certificate = crypto::Certificate::FromPem(AsText(pem));
  if (!certificate.ok()) return WithContext(certificate.status(), path.string());
  return certificate;
}

}  // namespace

StatusOr<std::unique_ptr<CaEvidenceSigner>> CaEvidenceSigner::Load(
    const std::filesystem::path& key, const std::filesystem::path& certificate,
    std::vector<crypto::Certificate> roots) {
  ASSIGN_OR_RETURN(auto signer, ReadCertificate(certificate));
  ASSIGN_OR_RETURN(Bytes pem, files::Read(key.string(), kPrivateKeyPemBytesMax));
  const Secret text(std::move(pem));
  ASSIGN_OR_RETURN_CTX(auto private_key, crypto::PrivateKey::FromPem(AsText(text.Reveal())),
                       key.string());
  ASSIGN_OR_RETURN(const auto public_key, signer.public_key());
  if (!public_key.Equals(private_key.public_key())) {
    return FailedPrecondition(key.string() + " is not the key of " + certificate.string());
  }
  return std::unique_ptr<CaEvidenceSigner>(
      new CaEvidenceSigner(std::move(private_key), std::move(signer), std::move(roots)));
}

StatusOr<std::string> CaEvidenceSigner::SignEvidence(std::string_view payload) const {
  return crypto::SignCompact(kEvidenceRecordType, payload, key_, chain_, kEvidenceRecordBytesMax);
}

}  // namespace preseal::server
