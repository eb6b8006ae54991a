// SPDX-License-Identifier: Apache-2.0
// Inside agent/adapters/steps only: tar inside zstd, through libarchive.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/base/bytes.h"
#include "common/status/status.h"

struct archive;

namespace preseal::agent::steps {

struct ArchiveEntry {
  enum class Type { kFile, kFolder, kSymlink, kHardlink };
  Type type = Type::kFile;
  std::string path;  // "/usr/bin/x": absolute below the destination, accepted by CheckTargetPath
  std::string link;  // symlink: its text; hardlink: a path like `path`
  mode_t mode = 0;
  uid_t uid = 0;
  gid_t gid = 0;
};

// Reads one archive front to back. Not thread-safe.
class ArchiveReader {
 public:
  static StatusOr<std::unique_ptr<ArchiveReader>> Open(const std::string& file);
  // Nothing at the end. InvalidArgument: the archive is damaged, or an entry is refused: a path
  // that is absolute, leaves the destination or holds control characters; a device, socket or pipe.
  StatusOr<std::optional<ArchiveEntry>> Next();
  // Hands the content of the entry just read to `sink`, piece by piece.
  Status ReadContent(const std::function<Status(ByteView)>& sink);
  // Compressed bytes read so far.
  uint64_t bytes_read() const;

 private:
  struct Free {
    void operator()(archive* handle) const;
  };
  explicit ArchiveReader(archive* handle) : handle_(handle) {}
  std::unique_ptr<archive, Free> handle_;
  size_t entries_ = 0;
};

}  // namespace preseal::agent::steps
