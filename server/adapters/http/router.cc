// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/router.h"

#include <utility>

#include "server/adapters/http/request_policy.h"
#include "server/adapters/http/rpc_status.h"

namespace preseal::server::http {

Router::Router(Gateway& gateway, const StaticFiles& files, std::vector<std::string> origins,
               std::function<bool()> healthy)
    : gateway_(gateway),
      files_(files),
      origins_(std::move(origins)),
      healthy_(std::move(healthy)) {}

void Router::Handle(Request request, std::shared_ptr<Responder> out) const {
  const bool read = request.method == "GET" || request.method == "HEAD";
  if (!read && request.method != "POST") {
    return RespondError(*out, InvalidArgument("method not allowed"), {{"allow", "GET, HEAD, POST"}},
                        405);
  }
  if (const Status status = CheckOrigin(request, origins_); !status.ok()) {
    return RespondError(*out, status);
  }
  if (gateway_.Serves(request.path)) return gateway_.Handle(std::move(request), std::move(out));
  if (!read) return RespondError(*out, NotFound("no such method"));
  if (request.path == "/healthz") {
    const bool healthy = healthy_();
    return Respond(*out, healthy ? 200 : 503,
                   {{"content-type", "text/plain; charset=utf-8"}, {"cache-control", "no-store"}},
                   healthy ? "ok\n" : "draining\n");
  }
  files_.Handle(request, *out);
}

}  // namespace preseal::server::http
