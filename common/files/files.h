// SPDX-License-Identifier: Apache-2.0
// Whole files and directories, durably. Errors are named by errno: NotFound ENOENT,
// PermissionDenied EACCES and EPERM, ResourceExhausted ENOSPC, EDQUOT and EFBIG, AlreadyExists
// EEXIST, FailedPrecondition ELOOP, ENOTDIR and EXDEV, DataLoss EIO, else Internal. Every function
// is thread-safe; the message names the path.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/bytes.h"
#include "common/files/unique_fd.h"
#include "common/status/status.h"

namespace preseal::files {

// The Status of `error` (an errno): "what path: No space left on device".
Status FromErrno(int error, std::string_view what, std::string_view path);

// The whole regular file. InvalidArgument if it is longer than `bytes_max`.
StatusOr<Bytes> Read(const std::string& path, size_t bytes_max);

// All of `bytes`, across short writes.
Status WriteAll(int fd, ByteView bytes, std::string_view path_for_error);

// Replaces `path` by a file with exactly `bytes` and `mode`: temporary name beside it, fsync,
// rename, fsync of the directory. After a crash the old or the new content is there, never a
// mixture.
Status WriteAtomic(const std::string& path, ByteView bytes, mode_t mode);

// fsync of a directory, so that names made or removed in it survive a power cut.
Status SyncDirectory(const std::string& path);

// Makes `path` and its missing parents with `mode`; an existing directory is left as it is.
Status MakeDirectories(const std::string& path, mode_t mode);

// Removes a file or a tree; nothing there is success. Does not follow symbolic links.
Status RemoveTree(const std::string& path);

}  // namespace preseal::files
