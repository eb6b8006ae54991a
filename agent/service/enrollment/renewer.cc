// SPDX-License-Identifier: Apache-2.0
#include "agent/service/enrollment/renewer.h"

#include <vector>

#include "agent/service/enrollment/enroll.h"
#include "common/crypto/certificate.h"
#include "common/tpmwire/binding.h"

namespace preseal::agent {

StatusOr<KeyAttestation> Renewer::Attest(const RenewOrder& order) {
  ASSIGN_OR_RETURN_CTX(const auto chain, crypto::ParsePemBundle(identity_.certificate_chain_pem),
                       "stored device certificate");
  const auto binding =
      tpmwire::ComputeRenewalBinding(identity_.device_id, order.nonce, chain.front().fingerprint());
  return AttestDeviceKey(tpm_, store_, identity_.device_key_handle, binding, order.pcrs);
}

Status Renewer::Take(const RenewedCertificate& renewed) {
  ASSIGN_OR_RETURN_CTX(const auto old, crypto::ParsePemBundle(identity_.certificate_chain_pem),
                       "stored device certificate");
  ASSIGN_OR_RETURN_CTX(auto leaf, crypto::Certificate::FromDer(renewed.certificate),
                       "renewed certificate");
  // With another key the next handshake would fail, and the old certificate would be gone.
  if (leaf.spki_der() != old.front().spki_der()) {
    return Internal("server sent a certificate for another key");
  }
  std::vector<crypto::Certificate> chain = {std::move(leaf)};
  for (const Bytes& der : renewed.certificate_chain) {
    ASSIGN_OR_RETURN_CTX(auto issuer, crypto::Certificate::FromDer(der), "device CA certificate");
    chain.push_back(std::move(issuer));
  }
  DeviceIdentity identity = identity_;
  identity.certificate_chain_pem = crypto::ToPemBundle(chain);
  RETURN_IF_ERROR_CTX(store_.Save(identity), "store identity");
  identity_ = std::move(identity);
  use_chain_(identity_.certificate_chain_pem);
  return OkStatus();
}

}  // namespace preseal::agent
