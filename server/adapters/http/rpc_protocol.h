// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/status/status.h"
#include "server/adapters/http/exchange.h"
#include "server/adapters/http/json_codec.h"
#include "server/adapters/http/method_table.h"
#include "server/adapters/http/rpc_status.h"

namespace preseal::server::http {

// How one call is written in HTTP: Connect unary, Connect streaming, or gRPC-Web. One object per
// call, used on the connection's strand. Responder, codec and method outlive it.
class RpcProtocol {
 public:
  virtual ~RpcProtocol() = default;

  // The request message in protobuf's binary form. On error the call is refused through End.
  virtual StatusOr<std::string> ReadRequest(const Request& request) = 0;

  // The handler has accepted the call; `headers` go to the client ("set-cookie").
  virtual void Begin(Responder& out, Headers headers) = 0;
  // One response message, binary. An error ends the call.
  virtual Status Message(Responder& out, std::string_view binary) = 0;
  // The call is over, with or without Begin before.
  virtual void End(Responder& out, const RpcEnd& end) = 0;
};

// Text or binary, as the content type said. `codec` is null for binary.
struct Encoding {
  const JsonCodec* json = nullptr;

  StatusOr<std::string> Decode(const Method& method, std::string_view text) const {
    if (json == nullptr) return std::string(text);
    return json->ToBinary(method.input_type, text);
  }
  StatusOr<std::string> Encode(const Method& method, std::string_view binary) const {
    if (json == nullptr) return std::string(binary);
    return json->ToJson(method.output_type, binary);
  }
};

}  // namespace preseal::server::http
