// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "agent/adapters/grpc/server_probe.h"
#include "common/base/guarded.h"
#include "common/status/status.h"

namespace grpc {
class Channel;
}

namespace preseal::agent {

struct DeviceChannelOptions {
  std::string endpoint;               // host:port
  std::string server_ca_pem;          // only servers under it are trusted, the system's CAs never
  std::string server_name;            // expected in the server's certificate; empty: the host
  std::string certificate_chain_pem;  // of the device, leaf first
  std::string private_key;            // PEM, or "engine:preseal:device-key"
};

// Connections to the device port with the device's certificate. Thread-safe.
class DeviceChannel {
 public:
  explicit DeviceChannel(DeviceChannelOptions options)
      : options_(std::move(options)), chain_pem_(options_.certificate_chain_pem) {}

  // A connection of its own, not slowed by gRPC's memory of earlier failures: the session has its
  // own back-off. Current returns it from now on.
  std::shared_ptr<grpc::Channel> Renew();
  std::shared_ptr<grpc::Channel> Current();
  // Connections made from now on show this certificate; those there are stay as they are.
  void UseChain(const std::string& certificate_chain_pem);
  // Of the endpoint; its own, so it may outlive this.
  ServerProbe probe() const { return {options_.endpoint, options_.server_ca_pem}; }

 private:
  std::shared_ptr<grpc::Channel> Make();

  const DeviceChannelOptions options_;
  Guarded<std::string> chain_pem_;
  Guarded<std::shared_ptr<grpc::Channel>> channel_;
};

}  // namespace preseal::agent
