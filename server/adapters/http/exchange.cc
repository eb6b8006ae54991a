// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/exchange.h"

#include <utility>

namespace preseal::server::http {

const std::string* FindHeader(const Headers& headers, std::string_view name) {
  for (const Header& header : headers) {
    if (header.name == name) return &header.value;
  }
  return nullptr;
}

void Respond(Responder& responder, int status, Headers headers, std::string body) {
  headers.push_back({"content-length", std::to_string(body.size())});
  responder.Head(status, std::move(headers));
  if (!body.empty()) responder.Data(Chunk::Owned(std::move(body)));
  responder.End();
}

}  // namespace preseal::server::http
