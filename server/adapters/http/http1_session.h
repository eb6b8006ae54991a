// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "server/adapters/http/session.h"

namespace preseal::server::http {

// HTTP/1.1 and 1.0 (RFC 9112) with keep-alive; pipelined requests are answered one after the other.
// `link` and `context` outlive the session.
std::unique_ptr<Session> MakeHttp1Session(const std::shared_ptr<Link>& link,
                                          const SessionContext& context);

}  // namespace preseal::server::http
