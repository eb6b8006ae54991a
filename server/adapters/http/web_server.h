// SPDX-License-Identifier: Apache-2.0
// The web port: HTTPS with HTTP/1.1 and HTTP/2, serving the dashboard and, through the gateway, the
// gRPC services by Connect and gRPC-Web.
//
// Security: TLS only. The cookie "__Host-preseal" becomes "authorization: Bearer <value>" unless
// the request has an Authorization header of its own. Only the named services are reachable.
// Requests that change something must come from our own origin (see request_policy.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/embedded_file.h"
#include "common/status/status.h"
#include "server/adapters/http/web_limits.h"

namespace grpc {
class Channel;
}

namespace preseal::server {

// The dashboard as embedded at build time; empty if it was not built.
std::span<const EmbeddedFile> DashboardFiles();

struct WebServerOptions {
  std::string address;                     // IPv4 or IPv6 literal to listen on
  uint16_t port = 0;                       // 0 picks a free one
  std::string certificate_chain_pem;       // leaf first
  std::string private_key_pem;             // unencrypted
  std::shared_ptr<grpc::Channel> channel;  // to the services, in process
  std::vector<std::string> services;       // full names, "preseal.fleet.v1.FleetService"
  // "https://factory.example:8443"; empty means: whatever host the request names.
  std::vector<std::string> origins;
  // Asked by GET /healthz, from several threads: 200 if true, 503 if false.
  std::function<bool()> healthy = [] { return true; };
  // The DER of the revocation list GET /crl/NAME asks for, from several threads; null: 404.
  std::function<std::shared_ptr<const Bytes>(std::string_view name)> revocation_list =
      [](std::string_view) { return nullptr; };
  std::span<const EmbeddedFile> assets = DashboardFiles();
  http::WebLimits limits;
};

// Owns its listener and threads. Thread-safe.
class WebServer {
 public:
  // Listens before it returns. INVALID_ARGUMENT for a bad address, certificate, key or service
  // name; FAILED_PRECONDITION if the port cannot be bound.
  static StatusOr<std::unique_ptr<WebServer>> Start(WebServerOptions options);
  // Shutdown with no patience.
  ~WebServer();

  uint16_t port() const;

  // For new connections; open ones go on with what they have. On error (as in Start) the old pair
  // stays in use.
  Status ReloadCertificate(std::string_view certificate_chain_pem,
                           std::string_view private_key_pem);

  // Refuses new connections and lets open ones finish what they run. Returns at once.
  void Drain();

  // Drain, then wait until `deadline` for calls to end, then break the rest and stop. Order for a
  // clean end of streams: Drain, shut the gRPC server down (streams get their status while this
  // still runs), then Shutdown. A second call does nothing.
  void Shutdown(std::chrono::steady_clock::time_point deadline);

 private:
  struct Impl;
  explicit WebServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace preseal::server
