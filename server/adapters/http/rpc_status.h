// SPDX-License-Identifier: Apache-2.0
// How a gRPC outcome looks to HTTP clients: Connect's code names, HTTP statuses and error JSON.
// Spec: "Connect Protocol Reference", sections "Error Codes" and "Error end-stream".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"
#include "server/adapters/http/exchange.h"

namespace preseal::server::http {

// A call's end: the status and the trailing metadata that may be shown to the client.
struct RpcEnd {
  Status status;
  Headers trailers;  // names in lower case, "-bin" values already base64
};

// "not_found"; "ok" is not an error and has no Connect name, it yields "unknown".
std::string_view ConnectCode(StatusCode code);
int HttpStatusFor(StatusCode code);

// {"code":"not_found","message":"..."}; bytes that are not UTF-8 become U+FFFD.
std::string ErrorJson(const Status& error);
// {"error":{...},"metadata":{"name":["value"]}}; the members are present only if needed.
std::string EndStreamJson(const RpcEnd& end);

// Answers with the error as JSON; `http_status` overrides the one that belongs to the code.
void RespondError(Responder& responder, const Status& error, Headers headers = {},
                  int http_status = 0);

}  // namespace preseal::server::http
