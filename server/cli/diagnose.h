// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "server/cli/endpoint.h"

namespace preseal::server::cli {

// Why no connection came about, as one sentence: tries name, TCP and TLS in turn, at most
// kCliConnectTimeout each, and says which step failed. gRPC's own text names none of this reliably.
// "Reachable" only means that it is by now. Sends nothing but a TLS handshake.
std::string DiagnoseConnection(const Endpoint& endpoint, std::string_view ca_pem);

}  // namespace preseal::server::cli
