// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>

#include "common/base/limits.h"

namespace preseal::server::http {

// The limits of one listener. The defaults are the system's; tests turn them down.
struct WebLimits {
  size_t header_bytes = kHttpHeaderBytesMax;
  size_t body_bytes = kHttpBodyBytesMax;
  size_t body_bytes_in_flight = kHttpBodyBytesInFlightMax;
  size_t connections = kHttpConnectionsMax;
  size_t calls = kGatewayCallsMax;
  std::chrono::milliseconds header_timeout = kHttpHeaderTimeout;
  std::chrono::milliseconds idle_timeout = kHttpIdleTimeout;
  std::chrono::milliseconds stall_timeout = kHttpStallTimeout;
  std::chrono::milliseconds linger_timeout = kHttpLingerTimeout;
};

}  // namespace preseal::server::http
