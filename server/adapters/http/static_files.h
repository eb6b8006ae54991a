// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "common/base/embedded_file.h"
#include "server/adapters/http/exchange.h"

namespace preseal::server::http {

// The dashboard's files, compressed once. Immutable after construction, hence thread-safe.
class StaticFiles {
 public:
  // `files` and what they point to outlive this object and all responses.
  explicit StaticFiles(std::span<const EmbeddedFile> files);

  // Answers GET and HEAD. A path without a file and without a dot in its last part is a page of the
  // single-page application: index.html. Files under /assets/ carry their hash in their name and
  // may be cached for ever; everything else is asked for again each time (ETag, 304).
  void Handle(const Request& request, Responder& out) const;

 private:
  struct Entry {
    std::string_view plain;
    std::string gzip;  // empty if it would not be smaller
    std::string etag;  // quoted
    std::string_view content_type;
    std::string_view cache_control;
  };
  const Entry* Find(const std::string& path) const;

  std::map<std::string, Entry, std::less<>> entries_;  // by path, "/index.html"
};

}  // namespace preseal::server::http
