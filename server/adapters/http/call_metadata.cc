// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/call_metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "common/base/limits.h"
#include "common/crypto/encoding.h"

namespace preseal::server::http {
namespace {

constexpr std::string_view kSessionCookie = "__Host-preseal";
constexpr size_t kTimeoutDigitsMax = 10;

// gRPC aborts the process over other values ("gRPC over HTTP2", section "Requests", ASCII-Value).
bool IsMetadataValue(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

bool IsTokenCharacter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-._~+/=").find(c) != std::string_view::npos;
}

// HTTP/2 clients may split their cookies over several headers.
std::optional<std::string> SessionCookie(const Headers& headers) {
  for (const Header& header : headers) {
    if (header.name != "cookie") continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      std::string_view pair = rest.substr(0, rest.find(';'));
      rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
      pair.remove_prefix(std::min(pair.size(), pair.find_first_not_of(' ')));
      const size_t equals = pair.find('=');
      if (equals == std::string_view::npos || pair.substr(0, equals) != kSessionCookie) continue;
      const std::string_view value = pair.substr(equals + 1);
      const bool good = !value.empty() && value.size() <= kMetadataValueBytesMax &&
                        std::all_of(value.begin(), value.end(), IsTokenCharacter);
      return good ? std::optional<std::string>(value) : std::nullopt;
    }
  }
  return std::nullopt;
}

Status Forward(const Request& request, const char* name, Metadata* metadata) {
  const std::string* value = FindHeader(request.headers, name);
  if (value == nullptr) return OkStatus();
  if (value->size() > kMetadataValueBytesMax || !IsMetadataValue(*value)) {
    return InvalidArgument(fmt::format("header '{}' is too long or not printable", name));
  }
  metadata->emplace_back(name, *value);
  return OkStatus();
}

StatusOr<int64_t> ParseDigits(std::string_view text, std::string_view header) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || text.size() > kTimeoutDigitsMax || error != std::errc() ||
      end != text.data() + text.size() || number < 0) {
    return InvalidArgument(fmt::format("header '{}' is malformed", header));
  }
  return number;
}

// Ten digits of hours do not fit into nanoseconds.
template <typename Unit>
std::chrono::nanoseconds Capped(int64_t count) {
  const auto most = std::chrono::duration_cast<Unit>(kGatewayDeadlineMax).count();
  return Unit(std::min<int64_t>(count, most));
}

StatusOr<std::chrono::nanoseconds> ParseGrpcTimeout(std::string_view text) {
  if (text.empty()) return InvalidArgument("header 'grpc-timeout' is malformed");
  const char unit = text.back();
  text.remove_suffix(1);
  ASSIGN_OR_RETURN(const int64_t count, ParseDigits(text, "grpc-timeout"));
  switch (unit) {
    case 'H':
      return Capped<std::chrono::hours>(count);
    case 'M':
      return Capped<std::chrono::minutes>(count);
    case 'S':
      return Capped<std::chrono::seconds>(count);
    case 'm':
      return Capped<std::chrono::milliseconds>(count);
    case 'u':
      return Capped<std::chrono::microseconds>(count);
    case 'n':
      return Capped<std::chrono::nanoseconds>(count);
    default:
      return InvalidArgument("header 'grpc-timeout' is malformed");
  }
}

}  // namespace

StatusOr<Metadata> RequestMetadata(const Request& request) {
  Metadata metadata;
  RETURN_IF_ERROR(Forward(request, "authorization", &metadata));
  if (metadata.empty()) {
    if (const auto cookie = SessionCookie(request.headers)) {
      metadata.emplace_back("authorization", "Bearer " + *cookie);
    }
  }
  RETURN_IF_ERROR(Forward(request, "x-request-id", &metadata));
  RETURN_IF_ERROR(Forward(request, "traceparent", &metadata));
  metadata.emplace_back("x-preseal-peer", request.peer);
  return metadata;
}

StatusOr<std::optional<std::chrono::nanoseconds>> RequestTimeout(const Request& request) {
  std::optional<std::chrono::nanoseconds> timeout;
  if (const std::string* grpc = FindHeader(request.headers, "grpc-timeout")) {
    ASSIGN_OR_RETURN(timeout, ParseGrpcTimeout(*grpc));
  } else if (const std::string* connect = FindHeader(request.headers, "connect-timeout-ms")) {
    ASSIGN_OR_RETURN(const int64_t count, ParseDigits(*connect, "connect-timeout-ms"));
    timeout = Capped<std::chrono::milliseconds>(count);
  }
  return timeout;
}

std::optional<Header> ToHeader(std::string_view name, std::string_view value) {
  if (name.substr(0, 5) == "grpc-" || name.empty() || name[0] == ':') return std::nullopt;
  const bool binary = name.size() > 4 && name.substr(name.size() - 4) == "-bin";
  if (binary) {
    std::string text = crypto::Base64Encode(AsBytes(value));
    text.erase(text.find_last_not_of('=') + 1);
    return Header{std::string(name), std::move(text)};
  }
  if (!IsMetadataValue(value)) return std::nullopt;
  return Header{std::string(name), std::string(value)};
}

}  // namespace preseal::server::http
