// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "common/status/status.h"
#include "server/adapters/config/server_config.h"

namespace preseal::server {

// TLS material that gRPC watches. Only usable material ever gets into these files: gRPC 1.51
// refuses every new handshake while what it watches does not fit together.
struct LiveTls {
  std::filesystem::path folder;

  std::filesystem::path key() const { return folder / "server.key"; }
  std::filesystem::path certificate() const { return folder / "server.crt"; }
  std::filesystem::path device_ca() const { return folder / "device-ca.crt"; }
  std::filesystem::path station_ca() const { return folder / "station-ca.crt"; }
};

enum class ClientCertificate { kNone, kDevice, kStation };

struct BuiltPort {
  std::unique_ptr<grpc::Server> server;
  uint16_t port = 0;
};

// Starts one gRPC server with `services` on `endpoint`. FailedPrecondition: the port is taken or
// the address is not ours.
StatusOr<BuiltPort> BuildPort(const Endpoint& endpoint, const LiveTls& tls,
                              ClientCertificate client,
                              const std::vector<grpc::Service*>& services);

}  // namespace preseal::server
