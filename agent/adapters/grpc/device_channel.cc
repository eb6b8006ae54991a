// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/grpc/device_channel.h"

#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "common/files/unique_fd.h"

namespace preseal::agent {
namespace {

constexpr int kReachableWithinMs = 2000;
// Longer than the five minutes below which servers punish pings; its purpose is the next constant:
// gRPC sets TCP_USER_TIMEOUT only when keepalive is on.
constexpr int kKeepaliveTimeMs = 330'000;
// A pulled cable is noticed this long after the first unanswered heartbeat.
constexpr int kUnansweredMs = 15'000;

bool ConnectsWithin(const addrinfo& address, int timeout_ms) {
  const UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return false;
  if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0) return true;
  if (errno != EINPROGRESS) return false;
  pollfd poll{fd.get(), POLLOUT, 0};
  if (::poll(&poll, 1, timeout_ms) <= 0) return false;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0;
}

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

bool DeviceChannel::Reachable() const {
  const size_t colon = options_.endpoint.rfind(':');
  if (colon == std::string::npos) return false;
  std::string host = options_.endpoint.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), options_.endpoint.c_str() + colon + 1, &hints, &found) != 0) {
    return false;
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    if (ConnectsWithin(*address, kReachableWithinMs)) return true;
  }
  return false;
}

}  // namespace preseal::agent
