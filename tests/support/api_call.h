// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>

#include "common/grpcutil/status.h"
#include "common/status/status.h"

namespace preseal::test {

// To the API port of a server on this machine. `ca_pem`: its authority.
inline std::shared_ptr<grpc::Channel> OpenApiChannel(uint16_t port, const std::string& ca_pem) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // A server that came back at the same port must not inherit its predecessor's back-off.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = ca_pem;
  return grpc::CreateCustomChannel(fmt::format("localhost:{}", port), grpc::SslCredentials(tls),
                                   arguments);
}

// One unary call with a deadline; with credentials unless `bearer` is empty.
template <typename Stub, typename Request, typename Response>
StatusOr<Response> CallApi(
    Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
    const std::string& bearer, const Request& request, std::chrono::milliseconds timeout) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  context.set_wait_for_ready(true);
  if (!bearer.empty()) context.AddMetadata("authorization", "Bearer " + bearer);
  Response response;
  RETURN_IF_ERROR(grpcutil::FromGrpc((stub.*method)(&context, request, &response)));
  return response;
}

}  // namespace preseal::test
