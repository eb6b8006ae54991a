// SPDX-License-Identifier: Apache-2.0
// The device port as the server builds it, and devices with a certificate of its own CA.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "agent/adapters/grpc/device_channel.h"
#include "common/crypto/digest.h"
#include "common/crypto/key.h"
#include "server/adapters/ca/ca_store.h"
#include "server/app/grpc_ports.h"

namespace preseal::server {

class DeviceLine {
 public:
  // A CA and the TLS files of a port in `folder`, which must be there.
  static StatusOr<std::unique_ptr<DeviceLine>> Make(const std::filesystem::path& folder,
                                                    WallTime now) {
    namespace fs = std::filesystem;
    std::unique_ptr<DeviceLine> line(new DeviceLine{LiveTls{folder / "tls"}});
    const std::string ca = folder / "ca";
    RETURN_IF_ERROR(CaStore::Create(
        ca, {.organisation = "Test", .names = {{"localhost"}, {"127.0.0.1"}}}, now));
    ASSIGN_OR_RETURN(line->ca_, CaStore::Load(ca));
    const auto replace = fs::copy_options::overwrite_existing;
    fs::create_directories(line->tls_.folder);
    fs::copy_file(line->ca_->files().server.key, line->tls_.key(), replace);
    fs::copy_file(line->ca_->files().server.certificate, line->tls_.certificate(), replace);
    std::ofstream(line->tls_.device_ca()) << line->ca_->device_ca().ToPem();
    return line;
  }
  ~DeviceLine() { Close(); }

  // Once; whatever serves must outlive it, or Close comes before.
  Status Open(const std::vector<grpc::Service*>& services) {
    ASSIGN_OR_RETURN(port_,
                     BuildPort({"127.0.0.1", 0}, tls_, ClientCertificate::kDevice, services));
    return OkStatus();
  }
  void Close() {
    if (port_.server) port_.server->Shutdown(std::chrono::system_clock::now());
    port_.server.reset();
  }
  // The way of `device` to the port. `sha256`: of its certificate, unless null.
  StatusOr<std::unique_ptr<agent::DeviceChannel>> Connect(const DeviceId& device, WallTime now,
                                                          Bytes* sha256 = nullptr) {
    ASSIGN_OR_RETURN(const auto key, crypto::PrivateKey::GenerateP256());
    ASSIGN_OR_RETURN(const auto issued, ca_->Issue({.device = device,
                                                    .serial_number = "SN-" + device.text(),
                                                    .trust_models = {TrustModel::kEkCert}},
                                                   key.public_key(), now));
    ASSIGN_OR_RETURN(const auto certificate, crypto::Certificate::FromDer(issued.der));
    ASSIGN_OR_RETURN(const Secret pem, key.ToPem());
    const auto digest = crypto::Sha256(issued.der);
    if (sha256 != nullptr) sha256->assign(digest.begin(), digest.end());
    return std::make_unique<agent::DeviceChannel>(agent::DeviceChannelOptions{
        "localhost:" + std::to_string(port_.port), ca_->server_ca().ToPem(), "",
        certificate.ToPem(), ToString(pem.Reveal())});
  }
  const CaStore& ca() const { return *ca_; }
  const LiveTls& tls() const { return tls_; }

 private:
  explicit DeviceLine(LiveTls tls) : tls_(std::move(tls)) {}

  const LiveTls tls_;
  std::unique_ptr<CaStore> ca_;
  BuiltPort port_;
};

}  // namespace preseal::server
