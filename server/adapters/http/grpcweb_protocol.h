// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "server/adapters/http/rpc_protocol.h"

namespace preseal::server::http {

// gRPC-Web, binary framing ("gRPC Web", grpc/doc/PROTOCOL-WEB.md): enveloped messages, then an
// envelope with the trailers as HTTP/1.1 header lines. HTTP status 200 always; uncompressed.
// `content_type` is repeated in the response.
std::unique_ptr<RpcProtocol> MakeGrpcWeb(const Method& method, Encoding encoding,
                                         std::string content_type);

}  // namespace preseal::server::http
