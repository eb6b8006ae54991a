// SPDX-License-Identifier: Apache-2.0
// One HTTPS request, one answer. Wraps libcurl.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/secret.h"
#include "common/status/status.h"

namespace preseal::server {

struct HttpsAnswer {
  long code = 0;  // of HTTP
  std::string body;
};

// Names and values, percent-encoded on the way (application/x-www-form-urlencoded).
using HttpsForm = std::vector<std::pair<std::string, std::string>>;

// HTTP Basic as RFC 6749 section 2.3.1 wants it: both parts form-encoded first.
struct BasicLogin {
  std::string_view name;
  const Secret& password;
};

// https:// only, TLS 1.2 or later, the server's name and chain are checked. Redirects are not
// followed: they would carry a secret to wherever an answer says. A proxy is taken from the
// environment (https_proxy, no_proxy), as by every program of libcurl. Bounded by
// kSignInConnectWithin, kSignInRequestWithin and kSignInAnswerBytesMax. Thread-safe; each call has
// a connection of its own.
//
// UNAVAILABLE "GET https://…: reason": no answer was had, an untrusted certificate included. Every
// answer is a value, whatever its code.
class HttpsClient {
 public:
  // `ca_file`: PEM with the only roots to trust; empty: the system's store. FAILED_PRECONDITION:
  // this libcurl cannot do HTTPS.
  static StatusOr<HttpsClient> Open(const std::filesystem::path& ca_file);

  StatusOr<HttpsAnswer> Get(const std::string& url) const;
  // With an access token (RFC 6750). INVALID_ARGUMENT: it would not fit into a header line.
  StatusOr<HttpsAnswer> GetAs(const std::string& url, const std::string& bearer) const;
  StatusOr<HttpsAnswer> Post(const std::string& url, const HttpsForm& form,
                             const BasicLogin* login) const;

 private:
  explicit HttpsClient(std::string ca_file) : ca_file_(std::move(ca_file)) {}

  std::string ca_file_;
};

}  // namespace preseal::server
