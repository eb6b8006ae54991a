// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/rpc_status.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace preseal::server::http {
namespace {

using nlohmann::json;

std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json ErrorObject(const Status& error) {
  json object{{"code", std::string(ConnectCode(error.code()))}};
  if (std::string message = MessageOf(error); !message.empty()) {
    object["message"] = std::move(message);
  }
  return object;
}

struct CodeRow {
  StatusCode code;
  std::string_view name;
  int http_status;
};

constexpr CodeRow kCodes[] = {
    {StatusCode::kCancelled, "canceled", 499},
    {StatusCode::kUnknown, "unknown", 500},
    {StatusCode::kInvalidArgument, "invalid_argument", 400},
    {StatusCode::kDeadlineExceeded, "deadline_exceeded", 504},
    {StatusCode::kNotFound, "not_found", 404},
    {StatusCode::kAlreadyExists, "already_exists", 409},
    {StatusCode::kPermissionDenied, "permission_denied", 403},
    {StatusCode::kResourceExhausted, "resource_exhausted", 429},
    {StatusCode::kFailedPrecondition, "failed_precondition", 400},
    {StatusCode::kAborted, "aborted", 409},
    {StatusCode::kOutOfRange, "out_of_range", 400},
    {StatusCode::kUnimplemented, "unimplemented", 501},
    {StatusCode::kInternal, "internal", 500},
    {StatusCode::kUnavailable, "unavailable", 503},
    {StatusCode::kDataLoss, "data_loss", 500},
    {StatusCode::kUnauthenticated, "unauthenticated", 401},
};
constexpr CodeRow kUnknownCode = kCodes[1];

const CodeRow& RowFor(StatusCode code) {
  for (const CodeRow& row : kCodes) {
    if (row.code == code) return row;
  }
  return kUnknownCode;
}

}  // namespace

std::string_view ConnectCode(StatusCode code) { return RowFor(code).name; }
int HttpStatusFor(StatusCode code) { return RowFor(code).http_status; }

std::string ErrorJson(const Status& error) { return Dump(ErrorObject(error)); }

std::string EndStreamJson(const RpcEnd& end) {
  json object = json::object();
  if (!end.status.ok()) object["error"] = ErrorObject(end.status);
  for (const Header& trailer : end.trailers) {
    object["metadata"][trailer.name].push_back(trailer.value);
  }
  return Dump(object);
}

void RespondError(Responder& responder, const Status& error, Headers headers, int http_status) {
  headers.push_back({"content-type", "application/json"});
  headers.push_back({"cache-control", "no-store"});
  Respond(responder, http_status != 0 ? http_status : HttpStatusFor(error.code()),
          std::move(headers), ErrorJson(error));
}

}  // namespace preseal::server::http
