// SPDX-License-Identifier: Apache-2.0
#include "server/cli/duration.h"

#include <charconv>
#include <string>

namespace preseal::server::cli {

StatusOr<std::chrono::seconds> ParseDuration(std::string_view text) {
  const auto malformed = [text] {
    return InvalidArgument("\"" + std::string(text) +
                           "\" is no duration; write 45s, 90m, 12h, 30d");
  };
  if (text.size() < 2) return malformed();
  const std::string_view digits = text.substr(0, text.size() - 1);
  int count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  constexpr int kCountMax = 1'000'000;
  if (error != std::errc() || end != digits.data() + digits.size() || count < 1 ||
      count > kCountMax) {
    return malformed();
  }
  switch (text.back()) {
    case 's':
      return std::chrono::seconds(count);
    case 'm':
      return std::chrono::minutes(count);
    case 'h':
      return std::chrono::hours(count);
    case 'd':
      return std::chrono::hours(24) * count;
    default:
      return malformed();
  }
}

}  // namespace preseal::server::cli
