// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/adapters/steps/names_in_use.h"
#include "common/base/bytes.h"
#include "common/files/unique_fd.h"
#include "common/status/status.h"

namespace preseal::agent::steps {

// A folder that stands for "/": the system being provisioned. Paths are absolute in it and were
// accepted by CheckTargetPath. Symbolic links on the way are followed as the target itself would
// follow them, so none leads out of the folder (openat2 with RESOLVE_IN_ROOT); the last part is
// never followed. Errors as in common/files; Aborted: another thread is replacing the very same
// name. Thread-safe.
class TargetRoot {
 public:
  // The folder must exist. Unimplemented if the kernel has no openat2.
  static StatusOr<TargetRoot> Open(const std::string& path);
  // A folder inside, itself as a root: what is unpacked there stays there. It is made if missing.
  StatusOr<TargetRoot> Enter(const std::string& path) const;

  // Path of the folder on this system.
  const std::string& path() const { return path_; }

  struct Facts {
    mode_t mode = 0;  // type and permission bits
    uint64_t size = 0;
    std::array<uint8_t, 32> sha256{};  // of a regular file's content or a link's target
  };
  // Nothing if there is nothing. Reads a regular file whole.
  StatusOr<std::optional<Facts>> Look(const std::string& path) const;
  // A regular file's content, InvalidArgument over `bytes_max`.
  StatusOr<Bytes> Read(const std::string& path, size_t bytes_max) const;

  // Whether `path` means the same folder here and as path() + `path` on this system, where links
  // lead out of the root. True if it does not exist yet.
  StatusOr<bool> LeadsToItself(const std::string& path) const;

  // Replaces whatever has this name, folders excepted: temporary name, `fill`, mode, fsync, rename,
  // fsync of the folder. Missing folders are made with 0755.
  Status Write(const std::string& path, mode_t mode, const std::function<Status(int fd)>& fill);
  Status WriteBytes(const std::string& path, mode_t mode, ByteView content);
  Status MakeDirectory(const std::string& path, mode_t mode);
  Status MakeSymlink(const std::string& path, const std::string& text);
  // A second name for the regular file `existing`.
  Status MakeHardlink(const std::string& path, const std::string& existing);
  // A file or link, durably; nothing there is success.
  Status Remove(const std::string& path);
  // Owner of the last part; not followed.
  Status ChangeOwner(const std::string& path, uid_t uid, gid_t gid);

 private:
  TargetRoot(std::string path, UniqueFd fd, std::shared_ptr<NamesInUse> names)
      : path_(std::move(path)), fd_(std::move(fd)), names_(std::move(names)) {}

  struct Place {
    UniqueFd directory;
    std::string name;
  };
  StatusOr<UniqueFd> Resolve(const std::string& path, int flags) const;
  StatusOr<Place> Locate(const std::string& path, bool make) const;
  StatusOr<UniqueFd> MakeFolders(const std::string& path) const;
  Status FillAndName(const Place& place, const std::string& temporary, int fd, mode_t mode,
                     const std::string& path) const;
  static Status SyncFolder(const Place& place, const std::string& path);

  std::string path_;
  UniqueFd fd_;
  std::shared_ptr<NamesInUse> names_;  // shared with the roots entered from here
};

}  // namespace preseal::agent::steps
