// SPDX-License-Identifier: Apache-2.0
// Renewal of the device certificate over the open session; the protocol is RenewOrder in
// proto/preseal/device/v1/device.proto.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "agent/service/enrollment/identity_store.h"
#include "agent/service/enrollment/tpm_port.h"
#include "agent/service/session/session_channel.h"
#include "common/status/status.h"

namespace preseal::agent {

// The session's side of a renewal. For one thread.
class CertificateRenewer {
 public:
  virtual ~CertificateRenewer() = default;
  // What the server wants to know; six TPM commands. Errors as AttestDeviceKey.
  virtual StatusOr<KeyAttestation> Attest(const RenewOrder& order) = 0;
  // Stores the new certificate and uses it from the next connection on. On an error nothing has
  // changed: INTERNAL if it is for another key than ours, else as IdentityStore.
  virtual Status Take(const RenewedCertificate& renewed) = 0;
};

class Renewer final : public CertificateRenewer {
 public:
  // All borrowed. `use_chain` hands the new chain (PEM) to the connections.
  Renewer(TpmPort& tpm, IdentityStore& store, DeviceIdentity& identity,
          std::function<void(const std::string& chain_pem)> use_chain)
      : tpm_(tpm), store_(store), identity_(identity), use_chain_(std::move(use_chain)) {}

  StatusOr<KeyAttestation> Attest(const RenewOrder& order) override;
  Status Take(const RenewedCertificate& renewed) override;

 private:
  TpmPort& tpm_;
  IdentityStore& store_;
  DeviceIdentity& identity_;
  const std::function<void(const std::string& chain_pem)> use_chain_;
};

}  // namespace preseal::agent
