// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "server/adapters/http/session.h"

namespace preseal::server::http {

// HTTP/2 (RFC 9113) over libnghttp2: up to kHttpStreamsPerConnectionMax exchanges side by side.
// Flow control reaches producers through Responder::queued and OnDrain. A stream whose reader takes
// nothing for the stall timeout is reset; a client that opens and resets streams faster than
// kHttpResetsPerSecond loses the connection (the "rapid reset" attack).
// `link` and `context` outlive the session. Null if libnghttp2 cannot be set up (out of memory).
std::unique_ptr<Session> MakeHttp2Session(const std::shared_ptr<Link>& link,
                                          const SessionContext& context);

}  // namespace preseal::server::http
