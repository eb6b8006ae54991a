// SPDX-License-Identifier: Apache-2.0
// Inside agent/adapters/diagnostics only: writes one tar.zst within a bundle's limits.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "agent/domain/redact.h"
#include "common/status/status.h"

struct archive;

namespace preseal::agent {

// What is over a limit is cut, and the file ends with a line that says so. Not thread-safe.
class BundleWriter {
 public:
  // ResourceExhausted: the disk is full.
  static StatusOr<std::unique_ptr<BundleWriter>> Open(const std::string& path,
                                                      const Redactor& redactor);
  // `name` is relative; `text` goes through the redactor first. When the bundle itself is full,
  // nothing more is added; that is no error.
  Status Add(const std::string& name, std::string_view text);
  // The same for what has gone through it already, text by text: JSON, which it would break.
  Status AddClean(const std::string& name, std::string clean);
  // Whole and on the disk afterwards.
  Status Finish();

 private:
  struct Free {
    void operator()(archive* handle) const;
  };
  BundleWriter(archive* handle, std::string path, const Redactor& redactor)
      : handle_(handle), path_(std::move(path)), redactor_(redactor) {}
  Status Error() const;
  Status Put(const std::string& name, std::string_view content);

  std::unique_ptr<archive, Free> handle_;
  const std::string path_;
  const Redactor& redactor_;
  size_t files_ = 0;
  size_t bytes_ = 0;
};

}  // namespace preseal::agent
