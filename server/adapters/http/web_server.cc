// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/web_server.h"

#include <utility>

#include "server/adapters/http/gateway.h"
#include "server/adapters/http/listener.h"
#include "server/adapters/http/request_policy.h"
#include "server/adapters/http/router.h"
#include "server/adapters/http/static_files.h"
#include "server/adapters/http/tls_context.h"

namespace preseal::server {
namespace {

bool IsLoopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1";
}

}  // namespace

struct WebServer::Impl {
  Impl(WebServerOptions options, http::MethodTable methods)
      : gateway(options.channel, std::move(methods), options.limits.calls),
        files(options.assets),
        router(gateway, files, std::move(options.origins), std::move(options.healthy),
               std::move(options.revocation_list)) {}

  http::Gateway gateway;
  http::StaticFiles files;
  http::Router router;
  std::unique_ptr<http::Listener> listener;  // last: its threads use the others
};

StatusOr<std::unique_ptr<WebServer>> WebServer::Start(WebServerOptions options) {
  if (options.channel == nullptr) return InvalidArgument("web server needs a channel");
  ASSIGN_OR_RETURN_CTX(http::TlsContext tls,
                       http::MakeTlsContext(options.certificate_chain_pem, options.private_key_pem),
                       "web port");
  ASSIGN_OR_RETURN_CTX(http::MethodTable methods, http::MethodTable::Make(options.services),
                       "web port");
  const std::string address = options.address;
  const uint16_t port = options.port;
  http::SessionContext context;
  context.limits = options.limits;
  context.standard_headers = http::StandardHeaders(!IsLoopback(address));
  context.budget = std::make_shared<http::BodyBudget>(options.limits.body_bytes_in_flight);
  auto impl = std::make_unique<Impl>(std::move(options), std::move(methods));
  context.handler = [router = &impl->router](http::Request request,
                                             std::shared_ptr<http::Responder> out) {
    router->Handle(std::move(request), std::move(out));
  };
  ASSIGN_OR_RETURN_CTX(impl->listener,
                       http::Listener::Open(address, port, std::move(tls), std::move(context)),
                       "web port");
  return std::unique_ptr<WebServer>(new WebServer(std::move(impl)));
}

WebServer::WebServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
WebServer::~WebServer() = default;

uint16_t WebServer::port() const { return impl_->listener->port(); }

Status WebServer::ReloadCertificate(std::string_view certificate_chain_pem,
                                    std::string_view private_key_pem) {
  ASSIGN_OR_RETURN_CTX(http::TlsContext tls,
                       http::MakeTlsContext(certificate_chain_pem, private_key_pem),
                       "reload the web certificate");
  impl_->listener->SetTlsContext(std::move(tls));
  return OkStatus();
}

void WebServer::Drain() { impl_->listener->Drain(); }

void WebServer::Shutdown(std::chrono::steady_clock::time_point deadline) {
  impl_->listener->Shutdown(deadline);
}

}  // namespace preseal::server
