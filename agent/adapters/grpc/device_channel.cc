// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/grpc/device_channel.h"

#include <grpcpp/grpcpp.h>

namespace preseal::agent {
namespace {

// Longer than the five minutes below which servers punish pings; its purpose is the next constant:
// gRPC sets TCP_USER_TIMEOUT only when keepalive is on.
constexpr int kKeepaliveTimeMs = 330'000;
// A pulled cable is noticed this long after the first unanswered heartbeat.
constexpr int kUnansweredMs = 15'000;

}  // namespace

std::shared_ptr<grpc::Channel> DeviceChannel::Make() {
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs = options_.server_ca_pem;
  ssl.pem_cert_chain = *chain_pem_.Lock();
  ssl.pem_private_key = options_.private_key;
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kUnansweredMs);
  if (!options_.server_name.empty()) arguments.SetSslTargetNameOverride(options_.server_name);
  return grpc::CreateCustomChannel(options_.endpoint, grpc::SslCredentials(ssl), arguments);
}

std::shared_ptr<grpc::Channel> DeviceChannel::Renew() {
  auto channel = Make();
  *channel_.Lock() = channel;
  return channel;
}

std::shared_ptr<grpc::Channel> DeviceChannel::Current() {
  if (auto channel = *channel_.Lock()) return channel;
  return Renew();
}

void DeviceChannel::UseChain(const std::string& certificate_chain_pem) {
  *chain_pem_.Lock() = certificate_chain_pem;
}

}  // namespace preseal::agent
