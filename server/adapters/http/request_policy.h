// SPDX-License-Identifier: Apache-2.0
// Which requests are refused before anybody looks at them, and what every response says.
#pragma once

#include <string>
#include <vector>

#include "common/status/status.h"
#include "server/adapters/http/exchange.h"

namespace preseal::server::http {

// Against forged requests from other pages, also from other ports of the same host, whose requests
// carry our SameSite cookie: anything but GET and HEAD needs Sec-Fetch-Site absent or
// "same-origin", and Origin, if present, equal to one of `origins`, or, if those are empty, to
// "https://" and the request's own host. PERMISSION_DENIED otherwise.
Status CheckOrigin(const Request& request, const std::vector<std::string>& origins);

// Content-Security-Policy and its relatives. `hsts` adds Strict-Transport-Security; leave it off on
// loopback, where it would also bind every other server a developer runs there.
Headers StandardHeaders(bool hsts);

// "Application/JSON; charset=utf-8" -> "application/json"; empty if the header is absent.
std::string MediaType(const Request& request);

}  // namespace preseal::server::http
