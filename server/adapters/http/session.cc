// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/session.h"

#include <ctime>

namespace preseal::server::http {

std::string HttpDate() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  char text[40];
  const size_t size = std::strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return std::string(text, size);
}

}  // namespace preseal::server::http
