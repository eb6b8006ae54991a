// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/status/status.h"
#include "server/adapters/ca/ca_store.h"
#include "server/adapters/config/server_config.h"
#include "tests/support/temp_dir.h"

namespace preseal::bench {

// A device whose key is in software: the benchmarks measure the server, not a TPM.
struct LoadDevice {
  DeviceId id;
  std::string serial_number;
  std::string certificate_pem;  // leaf and issuer; empty until enrolled
  std::string key_pem;
};

enum class Start {
  kImported,     // registered, still to enrol
  kProvisioning  // enrolled, and run 1 has begun
};

// A server's folder in /tmp, made with the product's own set-up code, and the devices in its
// database. Removed with all it holds when dropped. Stop servers on it first.
class Site {
 public:
  // `ek_root_pem`: the only root that may vouch for devices.
  static StatusOr<std::unique_ptr<Site>> Create(int devices, Start start,
                                                const std::string& ek_root_pem);

  const std::vector<LoadDevice>& devices() const { return devices_; }
  const server::ServerConfig& config() const { return config_; }
  server::CaStore& ca() const { return *ca_; }
  std::string server_ca_pem() const { return ca_->server_ca().ToPem(); }
  StatusOr<std::string> ServerKeyPem() const;
  std::string File(const std::string& name) const { return dir_.File(name); }

 private:
  Site() = default;
  Status WriteFiles(const std::string& ek_root_pem);
  Status AddDevices(int devices, Start start);

  test::TempDir dir_;
  server::ServerConfig config_;
  std::unique_ptr<server::CaStore> ca_;
  std::vector<LoadDevice> devices_;
};

// Items of the run, as ItemChanged events name them: step-0 … step-7.
inline constexpr int kItems = 8;
ItemId ItemAt(int index);

// A root for benchmarks in which nobody enrols.
StatusOr<std::string> UnusedEkRoot();

}  // namespace preseal::bench
