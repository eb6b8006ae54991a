// SPDX-License-Identifier: Apache-2.0
#include "server/cli/endpoint.h"

#include <fmt/format.h>

#include <charconv>

#include "common/base/bytes.h"
#include "common/base/limits.h"

namespace preseal::server::cli {
namespace {

Status Malformed(std::string_view text, std::string_view what) {
  return InvalidArgument(
      fmt::format("server \"{}\": {}", EscapeForLog(text, kDnsNameBytesMax), what));
}

bool IsHost(std::string_view host) {
  if (host.empty() || host.size() > kDnsNameBytesMax) return false;
  for (const char c : host) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '-' || c == ':' || c == '_';
    if (!good) return false;
  }
  return true;
}

}  // namespace

std::string Endpoint::ToString() const {
  const bool brackets = host.find(':') != std::string::npos;
  return brackets ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

StatusOr<Endpoint> ParseEndpoint(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with("http://")) return Malformed(text, "http:// is not encrypted; use https://");
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
    rest = rest.substr(0, rest.find_first_of("/?#"));
  }
  const size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos || rest.ends_with(']')) {
    return Malformed(text, "no port; write host:port");
  }
  std::string_view host = rest.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return Malformed(text, "write an IPv6 address as [address]:port");
  }
  const std::string_view digits = rest.substr(colon + 1);
  Endpoint endpoint;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
  if (error != std::errc() || end != digits.data() + digits.size() || endpoint.port == 0) {
    return Malformed(text, "the port must be a number from 1 to 65535");
  }
  if (!IsHost(host)) return Malformed(text, "that is no host name or address");
  endpoint.host = std::string(host);
  return endpoint;
}

}  // namespace preseal::server::cli
