// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/status/status.h"

namespace preseal::server::cli {

// Where the API listens.
struct Endpoint {
  std::string host;  // name or address, an IPv6 address without brackets
  uint16_t port = 0;

  // "preseal.example.com:8443", "[::1]:8443".
  std::string ToString() const;
  bool operator==(const Endpoint&) const = default;
};

// "host:port" or "https://host:port" with anything after it that browsers add. InvalidArgument
// says what is missing; there is no default port, and http:// is refused by name.
StatusOr<Endpoint> ParseEndpoint(std::string_view text);

}  // namespace preseal::server::cli
