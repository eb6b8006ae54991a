// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/paging.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "common/base/limits.h"

namespace preseal::server {

StatusOr<int> PageSize(int requested, int fallback) {
  if (requested < 0) return InvalidArgument("page_size must not be negative");
  return requested == 0 ? fallback : std::min(requested, kPageSizeMax);
}

StatusOr<uint64_t> ParseNumberToken(std::string_view page_token) {
  uint64_t number = 0;
  const char* end = page_token.data() + page_token.size();
  const auto parsed = std::from_chars(page_token.data(), end, number);
  if (page_token.empty() || (parsed.ec == std::errc() && parsed.ptr == end)) return number;
  return InvalidArgument("page_token was not made by this server");
}

Status CheckLength(std::string_view field, std::string_view value, size_t bytes_max) {
  if (value.size() <= bytes_max) return OkStatus();
  return InvalidArgument(fmt::format("{} is longer than {} bytes", field, bytes_max));
}

}  // namespace preseal::server
