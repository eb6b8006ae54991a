// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/router.h"

#include <utility>

#include "server/adapters/http/request_policy.h"
#include "server/adapters/http/rpc_status.h"

namespace preseal::server::http {

Router::Router(Gateway& gateway, const StaticFiles& files, std::vector<std::string> origins,
               std::function<bool()> healthy, RevocationLists lists)
    : gateway_(gateway),
      files_(files),
      origins_(std::move(origins)),
      healthy_(std::move(healthy)),
      lists_(std::move(lists)) {}

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
  constexpr std::string_view kLists = "/crl/";
  if (request.path.starts_with(kLists)) {
    return HandleList(std::string_view(request.path).substr(kLists.size()), *out);
  }
  files_.Handle(request, *out);
}

// Public by nature, and named in certificates: no session is asked for.
void Router::HandleList(std::string_view name, Responder& out) const {
  const auto list = lists_(name);
  if (list == nullptr) return RespondError(out, NotFound("no such revocation list"));
  Respond(out, 200,
          {{"content-type", "application/pkix-crl"}, {"cache-control", "public, max-age=60"}},
          ToString(*list));
}

}  // namespace preseal::server::http
