// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/request_policy.h"

#include <algorithm>
#include <cctype>

namespace preseal::server::http {

Status CheckOrigin(const Request& request, const std::vector<std::string>& origins) {
  if (request.method == "GET" || request.method == "HEAD") return OkStatus();
  const std::string* site = FindHeader(request.headers, "sec-fetch-site");
  if (site != nullptr && *site != "same-origin") {
    return PermissionDenied("request comes from another site");
  }
  const std::string* origin = FindHeader(request.headers, "origin");
  if (origin == nullptr) return OkStatus();
  const bool own = origins.empty()
                       ? *origin == "https://" + request.host
                       : std::find(origins.begin(), origins.end(), *origin) != origins.end();
  return own ? OkStatus() : PermissionDenied("request comes from another origin");
}

Headers StandardHeaders(bool hsts) {
  Headers headers = {
      {"content-security-policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
       "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
       "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
       "trusted-types svelte-trusted-html"},
      {"x-content-type-options", "nosniff"},
      {"x-frame-options", "DENY"},
      {"referrer-policy", "no-referrer"},
      {"cross-origin-opener-policy", "same-origin"},
      {"cross-origin-resource-policy", "same-origin"},
      {"permissions-policy", "camera=(), microphone=(), geolocation=(), payment=()"},
  };
  if (hsts) headers.push_back({"strict-transport-security", "max-age=31536000"});
  return headers;
}

std::string MediaType(const Request& request) {
  const std::string* header = FindHeader(request.headers, "content-type");
  if (header == nullptr) return "";
  std::string type = header->substr(0, header->find(';'));
  type.erase(std::find_if(type.rbegin(), type.rend(), [](char c) { return c != ' '; }).base(),
             type.end());
  std::transform(type.begin(), type.end(), type.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return type;
}

}  // namespace preseal::server::http
