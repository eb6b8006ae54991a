// SPDX-License-Identifier: Apache-2.0
#include "server/app/grpc_ports.h"

#include <fmt/format.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include "common/base/limits.h"

namespace preseal::server {
namespace {

constexpr unsigned kReloadSeconds = 1;

std::shared_ptr<grpc::ServerCredentials> Credentials(const LiveTls& tls, ClientCertificate client) {
  using grpc::experimental::FileWatcherCertificateProvider;
  const bool wanted = client != ClientCertificate::kNone;
  const auto roots = client == ClientCertificate::kDevice ? tls.device_ca() : tls.station_ca();
  const auto provider =
      wanted ? std::make_shared<FileWatcherCertificateProvider>(
                   tls.key().string(), tls.certificate().string(), roots.string(), kReloadSeconds)
             : std::make_shared<FileWatcherCertificateProvider>(
                   tls.key().string(), tls.certificate().string(), kReloadSeconds);
  grpc::experimental::TlsServerCredentialsOptions options(provider);
  options.watch_identity_key_cert_pairs();
  if (wanted) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  } else {
    options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  }
  return grpc::experimental::TlsServerCredentials(options);
}

std::string AddressOf(const Endpoint& endpoint) {
  const bool v6 = endpoint.address.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + endpoint.address + "]" : endpoint.address;
  return fmt::format("{}:{}", host, endpoint.port);
}

int Milliseconds(std::chrono::milliseconds time) { return static_cast<int>(time.count()); }

}  // namespace

StatusOr<BuiltPort> BuildPort(const Endpoint& endpoint, const LiveTls& tls,
                              ClientCertificate client,
                              const std::vector<grpc::Service*>& services) {
  grpc::ServerBuilder builder;
  int bound = 0;
  builder.AddListeningPort(AddressOf(endpoint), Credentials(tls, client), &bound);
  // Two servers on one port would share devices between them without a word.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(kKeepaliveInterval));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(kKeepaliveTimeout));
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             Milliseconds(kKeepaliveInterval) / 2);
  builder.SetMaxReceiveMessageSize(static_cast<int>(kGrpcMessageBytesMax));
  for (grpc::Service* service : services) builder.RegisterService(service);
  BuiltPort built{.server = builder.BuildAndStart()};
  if (built.server == nullptr || bound == 0) {
    return FailedPrecondition(fmt::format(
        "cannot listen on {}: is it taken by another program, or not an address of this machine?",
        AddressOf(endpoint)));
  }
  built.port = static_cast<uint16_t>(bound);
  return built;
}

}  // namespace preseal::server
