// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "server/adapters/http/exchange.h"
#include "server/adapters/http/method_table.h"

namespace grpc {
class Channel;
}

namespace preseal::server::http {

// From Connect and gRPC-Web to a gRPC channel for any unary or server-streaming method, with no
// code per method. Thread-safe. Calls may outlive a request but not the gateway.
class Gateway {
 public:
  Gateway(const std::shared_ptr<grpc::Channel>& channel, MethodTable methods, size_t calls_max);
  ~Gateway();

  bool Serves(const std::string& path) const;

  // Answers a request whose path the gateway serves; on the connection's strand.
  //   POST with application/json or /proto: Connect unary; application/connect+json or +proto:
  //   Connect streaming; application/grpc-web, +proto or +json: gRPC-Web; any other type is 415,
  //   which also keeps out what a foreign page can send unasked.
  //   GET: Connect, for unary methods without side effects; 405 for others.
  void Handle(Request request, std::shared_ptr<Responder> out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace preseal::server::http
