// SPDX-License-Identifier: Apache-2.0
#include "server/cli/connection.h"

#include <fmt/format.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "common/grpcutil/status.h"
#include "server/cli/diagnose.h"

namespace preseal::server::cli {
namespace {

std::shared_ptr<grpc::Channel> OpenChannel(const ConnectionOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Also gRPC's limit for one connection attempt, which would else be 20 s.
  constexpr auto kTimeout = std::chrono::milliseconds(kCliConnectTimeout);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, static_cast<int>(kTimeout.count()));
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // A server that vanished without a word is noticed in a watch that nothing happens in.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  // An evidence record is longer than gRPC's own limit.
  arguments.SetMaxReceiveMessageSize(static_cast<int>(kGrpcMessageBytesMax));
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = options.ca_pem;
  return grpc::CreateCustomChannel(options.endpoint.ToString(), grpc::SslCredentials(tls),
                                   arguments);
}

}  // namespace

Connection::Connection(ConnectionOptions options)
    : options_(std::move(options)), channel_(OpenChannel(options_)) {}

std::unique_ptr<grpc::ClientContext> Connection::NewContext(
    std::chrono::milliseconds timeout) const {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + timeout);
  if (!options_.token.empty()) context->AddMetadata("authorization", "Bearer " + options_.token);
  return context;
}

Status Connection::Explain(const grpc::Status& status) const {
  const Status plain = grpcutil::FromGrpc(status);
  const std::string place = options_.endpoint.ToString();
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      // The server's own "unavailable" comes over a connection that is still there.
      if (channel_->GetState(false) == GRPC_CHANNEL_READY) return plain;
      return Unavailable("cannot reach the server: " +
                         DiagnoseConnection(options_.endpoint, options_.ca_pem));
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return DeadlineExceeded(fmt::format("{} did not answer in time", place));
    case grpc::StatusCode::UNAUTHENTICATED:
      if (options_.token.empty()) {
        return Unauthenticated(
            fmt::format("not logged in: run preseal login {} --ca FILE --user NAME", place));
      }
      return Unauthenticated(
          fmt::format("{} does not accept your session or token ({}): log in again", place,
                      status.error_message()));
    case grpc::StatusCode::UNIMPLEMENTED:
    case grpc::StatusCode::UNKNOWN:  // an HTTP status: the web port, or a proxy
      return Unimplemented(fmt::format("{} does not offer this ({}); is it the API's port?", place,
                                       status.error_message()));
    default:
      return plain;
  }
}

}  // namespace preseal::server::cli
