// SPDX-License-Identifier: Apache-2.0
#include "server/app/server_names.h"

#include <arpa/inet.h>

namespace preseal::server {

crypto::ServerNames NamesOf(const ServerConfig& config) {
  crypto::ServerNames names;
  for (const std::string& name : config.public_names) {
    in6_addr buffer{};
    const bool address = inet_pton(AF_INET, name.c_str(), &buffer) == 1 ||
                         inet_pton(AF_INET6, name.c_str(), &buffer) == 1;
    (address ? names.ip_addresses : names.dns).push_back(name);
  }
  return names;
}

}  // namespace preseal::server
