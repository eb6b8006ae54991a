// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "server/adapters/http/exchange.h"
#include "server/adapters/http/gateway.h"
#include "server/adapters/http/static_files.h"

namespace preseal::server::http {

// Sends each request where it belongs: the gateway, /healthz, the dashboard, /crl/. Thread-safe.
class Router {
 public:
  using RevocationLists = std::function<std::shared_ptr<const Bytes>(std::string_view name)>;

  // `healthy` is asked on every GET /healthz and `lists` on every GET /crl/NAME, from several
  // threads. Gateway and files outlive the router.
  Router(Gateway& gateway, const StaticFiles& files, std::vector<std::string> origins,
         std::function<bool()> healthy, RevocationLists lists);

  void Handle(Request request, std::shared_ptr<Responder> out) const;

 private:
  void HandleList(std::string_view name, Responder& out) const;

  Gateway& gateway_;
  const StaticFiles& files_;
  const std::vector<std::string> origins_;
  const std::function<bool()> healthy_;
  const RevocationLists lists_;
};

}  // namespace preseal::server::http
