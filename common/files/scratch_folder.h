// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "common/status/status.h"

namespace preseal::files {

// A new folder (0700) for one piece of work; gone, with all it holds, when dropped. What cannot be
// removed then is logged as an error: it may hold a secret. Not thread-safe.
class ScratchFolder {
 public:
  // PARENT/PREFIX-??????; `parent` must be there. Errors: FromErrno.
  static StatusOr<ScratchFolder> Make(const std::string& parent, std::string_view prefix);

  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();

  const std::string& path() const { return path_; }
  std::string File(std::string_view name) const;

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace preseal::files
