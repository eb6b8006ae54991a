// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/adapters/http/exchange.h"
#include "server/adapters/http/gateway.h"
#include "server/adapters/http/static_files.h"

namespace preseal::server::http {

// Sends each request where it belongs: the gateway, /healthz, the dashboard. Thread-safe.
class Router {
 public:
  // `healthy` is asked on every GET /healthz, from several threads. Gateway and files outlive the
  // router.
  Router(Gateway& gateway, const StaticFiles& files, std::vector<std::string> origins,
         std::function<bool()> healthy);

  void Handle(Request request, std::shared_ptr<Responder> out) const;

 private:
  Gateway& gateway_;
  const StaticFiles& files_;
  const std::vector<std::string> origins_;
  const std::function<bool()> healthy_;
};

}  // namespace preseal::server::http
