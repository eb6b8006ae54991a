// SPDX-License-Identifier: Apache-2.0
#include "common/files/files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace preseal::files {
namespace {

StatusCode CodeOf(int error) {
  switch (error) {
    case ENOENT:
      return StatusCode::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return StatusCode::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return StatusCode::kResourceExhausted;
    case EEXIST:
      return StatusCode::kAlreadyExists;
    case ELOOP:
    case ENOTDIR:
    case EXDEV:
      return StatusCode::kFailedPrecondition;
    case EIO:
      return StatusCode::kDataLoss;
    default:
      return StatusCode::kInternal;
  }
}

std::string ParentOf(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

// Fills the open temporary file and gives it its final name.
Status FillAndRename(int fd, const std::string& temporary, const std::string& path, ByteView bytes,
                     mode_t mode) {
  RETURN_IF_ERROR(WriteAll(fd, bytes, temporary));
  // mkstemp made it 0600; the mode is set before the name is, so it is never too open.
  if (::fchmod(fd, mode) != 0) return FromErrno(errno, "chmod", temporary);
  if (::fsync(fd) != 0) return FromErrno(errno, "fsync", temporary);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return FromErrno(errno, "rename to", path);
  return SyncDirectory(ParentOf(path));
}

}  // namespace

Status FromErrno(int error, std::string_view what, std::string_view path) {
  std::string message(what);
  message += " ";
  message += path;
  message += ": ";
  message += std::generic_category().message(error);
  return MakeStatus(CodeOf(error), message);
}

StatusOr<Bytes> Read(const std::string& path, size_t bytes_max) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return FromErrno(errno, "open", path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return FromErrno(errno, "stat", path);
  if (!S_ISREG(info.st_mode)) return InvalidArgument("not a regular file: " + path);
  Bytes bytes;
  while (bytes.size() <= bytes_max) {
    uint8_t buffer[64 * 1024];
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FromErrno(errno, "read", path);
    if (got == 0) return bytes;
    bytes.insert(bytes.end(), buffer, buffer + got);
  }
  return InvalidArgument("longer than " + std::to_string(bytes_max) + " bytes: " + path);
}

Status WriteAll(int fd, ByteView bytes, std::string_view path_for_error) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return FromErrno(errno, "write", path_for_error);
    bytes = bytes.subspan(static_cast<size_t>(put));
  }
  return OkStatus();
}

Status WriteAtomic(const std::string& path, ByteView bytes, mode_t mode) {
  std::string temporary = path + ".XXXXXX";
  const UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd.valid()) return FromErrno(errno, "create beside", path);
  const Status status = FillAndRename(fd.get(), temporary, path, bytes, mode);
  if (!status.ok()) ::unlink(temporary.c_str());
  return status;
}

Status SyncDirectory(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return FromErrno(errno, "open", path);
  if (::fsync(fd.get()) != 0) return FromErrno(errno, "fsync", path);
  return OkStatus();
}

Status MakeDirectories(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0) return SyncDirectory(ParentOf(path));
  if (errno == ENOENT && ParentOf(path) != path) {
    RETURN_IF_ERROR(MakeDirectories(ParentOf(path), mode));
    if (::mkdir(path.c_str(), mode) == 0) return SyncDirectory(ParentOf(path));
  }
  if (errno != EEXIST) return FromErrno(errno, "make directory", path);
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return FromErrno(errno, "stat", path);
  if (!S_ISDIR(info.st_mode)) return FromErrno(ENOTDIR, "make directory", path);
  return OkStatus();
}

Status RemoveTree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return FromErrno(error.value(), "remove", path);
  return OkStatus();
}

}  // namespace preseal::files
