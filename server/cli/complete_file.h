// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "common/base/bytes.h"
#include "common/files/unique_fd.h"
#include "common/status/status.h"

namespace preseal::server::cli {

// A file that comes from the server piece by piece. It is PATH.partial (0600) until it is complete:
// half a file would look like a whole one that somebody cut, and must not replace an earlier one.
// Dropped before Complete, nothing of it stays. Errors are the user's, as AsUsage says.
class CompleteFile {
 public:
  explicit CompleteFile(std::string path) : path_(std::move(path)) {}
  ~CompleteFile();
  CompleteFile(const CompleteFile&) = delete;
  CompleteFile& operator=(const CompleteFile&) = delete;

  Status Open();
  Status Write(ByteView bytes);
  // On the disk and under its name afterwards.
  Status Complete();

 private:
  std::string partial() const { return path_ + ".partial"; }
  Status Failed(std::string_view what) const;

  const std::string path_;
  UniqueFd fd_;  // of the partial file; invalid before and after
};

}  // namespace preseal::server::cli
