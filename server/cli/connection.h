// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "common/base/limits.h"
#include "common/status/status.h"
#include "server/cli/endpoint.h"

namespace preseal::server::cli {

struct ConnectionOptions {
  Endpoint endpoint;
  std::string ca_pem;  // the only roots trusted
  std::string token;   // sent as "authorization: Bearer"; empty before login
};

// A gRPC channel to the API with the token on every call and a deadline on every call. Proxies from
// the environment are not used: the server is on the floor's own network. Thread-safe.
class Connection {
 public:
  // Touches no network: the first call connects, and fails at once if it cannot.
  explicit Connection(ConnectionOptions options);

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  const Endpoint& endpoint() const { return options_.endpoint; }
  std::unique_ptr<grpc::ClientContext> NewContext(std::chrono::milliseconds timeout) const;

  // One unary call: Call(&Service::Stub::Method, request). Errors are the server's own, with the
  // cause found (DiagnoseConnection) where there was no connection, and what to do where that is
  // known.
  template <typename Stub, typename Request, typename Response>
  StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                       Response*),
                          const Request& request) const {
    Stub stub(channel_);
    const auto context = NewContext(kCliCallTimeout);
    Response response;
    const grpc::Status status = (stub.*method)(context.get(), request, &response);
    if (!status.ok()) return Explain(status);
    return response;
  }

  Status Explain(const grpc::Status& status) const;

 private:
  ConnectionOptions options_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace preseal::server::cli
