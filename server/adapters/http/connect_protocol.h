// SPDX-License-Identifier: Apache-2.0
// Connect, as in "Connect Protocol Reference" (connectrpc.com). Uncompressed.
#pragma once

#include <memory>

#include "server/adapters/http/rpc_protocol.h"

namespace preseal::server::http {

// Sections "Unary-Request" and "Unary-Get-Request": the body, or the query's "message", is the
// message; the HTTP status tells the outcome.
std::unique_ptr<RpcProtocol> MakeConnectUnary(const Method& method, Encoding encoding);

// For a GET: takes encoding ("json" or "proto") and message from the query. INVALID_ARGUMENT if
// the query says neither, or "connect" is not "v1"; UNIMPLEMENTED for a compressed message.
StatusOr<std::unique_ptr<RpcProtocol>> MakeConnectGet(const Method& method, const JsonCodec& codec,
                                                      const std::string& query);

// Section "Streaming-Request": envelopes both ways, the outcome in the last one.
std::unique_ptr<RpcProtocol> MakeConnectStream(const Method& method, Encoding encoding);

}  // namespace preseal::server::http
