// SPDX-License-Identifier: Apache-2.0
// What crosses between HTTP headers and gRPC metadata: an allow-list in each direction.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/status/status.h"
#include "server/adapters/http/exchange.h"

namespace preseal::server::http {

using Metadata = std::vector<std::pair<std::string, std::string>>;

// For the handler: authorization (the header, or else "Bearer " and the __Host-preseal cookie),
// x-request-id, traceparent, x-preseal-peer with the client's IP address. Nothing else a client
// sends gets through. INVALID_ARGUMENT naming a header longer than kMetadataValueBytesMax or with
// characters that gRPC metadata cannot hold. A malformed cookie counts as none.
StatusOr<Metadata> RequestMetadata(const Request& request);

// How long the client gives the call: grpc-timeout ("gRPC over HTTP2", section "Requests") or
// connect-timeout-ms; nullopt if it does not say. INVALID_ARGUMENT if malformed; longer than
// kGatewayDeadlineMax is cut to that.
StatusOr<std::optional<std::chrono::nanoseconds>> RequestTimeout(const Request& request);

// One entry of the handler's metadata as a header for the client: "-bin" values become base64
// without padding. Nullopt for what is gRPC's own ("grpc-...") or not fit for a header.
std::optional<Header> ToHeader(std::string_view name, std::string_view value);

}  // namespace preseal::server::http
