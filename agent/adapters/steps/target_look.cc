// SPDX-License-Identifier: Apache-2.0
// The reading half of TargetRoot.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "agent/adapters/steps/target_root.h"
#include "common/crypto/digest.h"
#include "common/files/files.h"

namespace preseal::agent::steps {
namespace {

Status HashFile(int fd, const std::string& path, TargetRoot::Facts* facts) {
  crypto::Sha256Stream stream;
  Bytes buffer(256 * 1024);
  while (true) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return files::FromErrno(errno, "read in target", path);
    if (got == 0) break;
    stream.Update(ByteView(buffer).first(static_cast<size_t>(got)));
  }
  facts->sha256 = stream.Finish();
  return OkStatus();
}

Status HashLink(int directory, const std::string& name, TargetRoot::Facts* facts) {
  char text[PATH_MAX];
  const ssize_t got = ::readlinkat(directory, name.c_str(), text, sizeof text);
  if (got < 0) return files::FromErrno(errno, "read link in target", name);
  facts->sha256 = crypto::Sha256(AsBytes({text, static_cast<size_t>(got)}));
  return OkStatus();
}

}  // namespace

StatusOr<std::optional<TargetRoot::Facts>> TargetRoot::Look(const std::string& path) const {
  const auto place = Locate(path, false);
  if (place.status().code() == StatusCode::kNotFound) return std::optional<Facts>();
  RETURN_IF_ERROR(place.status());
  const int directory = place->directory.get();
  struct stat info {};
  if (::fstatat(directory, place->name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::optional<Facts>();
    return files::FromErrno(errno, "stat in target", path);
  }
  Facts facts{info.st_mode, static_cast<uint64_t>(info.st_size), {}};
  if (S_ISLNK(info.st_mode)) RETURN_IF_ERROR(HashLink(directory, place->name, &facts));
  if (S_ISREG(info.st_mode)) {
    const UniqueFd fd(
        ::openat(directory, place->name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!fd.valid()) return files::FromErrno(errno, "open in target", path);
    RETURN_IF_ERROR(HashFile(fd.get(), path, &facts));
  }
  return std::optional(facts);
}

StatusOr<bool> TargetRoot::LeadsToItself(const std::string& path) const {
  struct stat inside {
  }, outside{};
  const bool exists_outside = ::stat((path_ + path).c_str(), &outside) == 0;
  const auto fd = Resolve(path, O_PATH);
  if (fd.status().code() == StatusCode::kNotFound) return !exists_outside;
  RETURN_IF_ERROR(fd.status());
  if (::fstat(fd->get(), &inside) != 0) return files::FromErrno(errno, "stat in target", path);
  return exists_outside && inside.st_dev == outside.st_dev && inside.st_ino == outside.st_ino;
}

StatusOr<Bytes> TargetRoot::Read(const std::string& path, size_t bytes_max) const {
  ASSIGN_OR_RETURN(const UniqueFd fd, Resolve(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  Bytes bytes;
  while (bytes.size() <= bytes_max) {
    uint8_t buffer[64 * 1024];
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return files::FromErrno(errno, "read in target", path);
    if (got == 0) return bytes;
    bytes.insert(bytes.end(), buffer, buffer + got);
  }
  return InvalidArgument("longer than allowed: " + path);
}

}  // namespace preseal::agent::steps
