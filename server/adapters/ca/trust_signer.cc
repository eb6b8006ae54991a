// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/ca/trust_signer.h"

#include "common/base/limits.h"
#include "common/base/secret.h"
#include "common/crypto/jws.h"
#include "common/files/files.h"
#include "server/domain/trust/trust_file.h"

namespace preseal::server {

StatusOr<std::unique_ptr<CaTrustSigner>> CaTrustSigner::Load(
    const std::filesystem::path& key, const std::filesystem::path& certificate,
    std::vector<crypto::Certificate> roots) {
  ASSIGN_OR_RETURN(const Bytes pem, files::Read(certificate.string(), kPemBundleBytesMax));
  ASSIGN_OR_RETURN_CTX(auto signer, crypto::Certificate::FromPem(AsText(pem)),
                       certificate.string());
  ASSIGN_OR_RETURN(Bytes key_pem, files::Read(key.string(), kPrivateKeyPemBytesMax));
  const Secret text(std::move(key_pem));
  ASSIGN_OR_RETURN_CTX(auto private_key, crypto::PrivateKey::FromPem(AsText(text.Reveal())),
                       key.string());
  return std::unique_ptr<CaTrustSigner>(
      new CaTrustSigner(std::move(private_key), std::move(signer), std::move(roots)));
}

StatusOr<std::string> CaTrustSigner::SignTrust(std::string_view payload) const {
  return crypto::SignCompact(kTrustStatementType, payload, key_, chain_);
}

}  // namespace preseal::server
