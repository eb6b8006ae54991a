// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "common/crypto/issue.h"

namespace preseal::test {

struct CertificateAndKey {
  crypto::Certificate certificate;
  crypto::PrivateKey key;

  std::string pem() const { return certificate.ToPem(); }
  std::string key_pem() const {
    const auto pem = key.ToPem();
    return pem.ok() ? ToString(pem->Reveal()) : std::string();
  }
};

// One CA with a server certificate for "localhost" and 127.0.0.1, made with the product's own
// issuing code; issues station and device certificates. Everything is valid for an hour, and began
// a minute ago.
class TestPki {
 public:
  static StatusOr<std::unique_ptr<TestPki>> Create() {
    const WallTime now = std::chrono::system_clock::now();
    const crypto::Validity hour{now - std::chrono::minutes(1), now + std::chrono::hours(1)};
    ASSIGN_OR_RETURN(auto ca_key, crypto::PrivateKey::GenerateP256());
    ASSIGN_OR_RETURN(auto ca, crypto::IssueCa("Test", "Test CA", hour, ca_key));
    ASSIGN_OR_RETURN(auto server_key, crypto::PrivateKey::GenerateP256());
    ASSIGN_OR_RETURN(auto server, crypto::IssueServer({{"localhost"}, {"127.0.0.1"}}, hour,
                                                      server_key.public_key(), {ca, ca_key}));
    return std::unique_ptr<TestPki>(new TestPki(hour, {std::move(ca), std::move(ca_key)},
                                                {std::move(server), std::move(server_key)}));
  }

  const CertificateAndKey& ca() const { return ca_; }
  const CertificateAndKey& server() const { return server_; }

  StatusOr<CertificateAndKey> IssueStation(const std::string& name) const {
    ASSIGN_OR_RETURN(auto key, crypto::PrivateKey::GenerateP256());
    ASSIGN_OR_RETURN(auto certificate, crypto::IssueStation(name, validity_, key.public_key(),
                                                            {ca_.certificate, ca_.key}));
    return CertificateAndKey{std::move(certificate), std::move(key)};
  }
  StatusOr<crypto::Certificate> IssueDevice(const std::string& device_id,
                                            const crypto::PublicKey& key) const {
    crypto::DeviceSpec spec;
    ASSIGN_OR_RETURN(spec.device, DeviceId::Parse(device_id));
    spec.serial = "SN-" + device_id;
    spec.trust_models = {crypto::TrustModel::kEkCert};
    return crypto::IssueDevice(spec, validity_, key, {ca_.certificate, ca_.key});
  }

 private:
  TestPki(crypto::Validity validity, CertificateAndKey ca, CertificateAndKey server)
      : validity_(validity), ca_(std::move(ca)), server_(std::move(server)) {}
  const crypto::Validity validity_;
  CertificateAndKey ca_;
  CertificateAndKey server_;
};

}  // namespace preseal::test
