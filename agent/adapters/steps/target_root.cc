// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/steps/target_root.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "common/base/limits.h"
#include "common/files/files.h"

namespace preseal::agent::steps {
namespace {

constexpr mode_t kFolderMode = 0755;
constexpr mode_t kPermissionBits = 07777;

int OpenInRoot(int root, const char* path, int flags) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  // EAGAIN: somebody renamed a part of the path meanwhile, the kernel could not tell a safe answer.
  for (int i = 0; i < kTargetOpenRetriesMax; ++i) {
    const long fd = ::syscall(SYS_openat2, root, path, &how, sizeof how);
    if (fd >= 0 || errno != EAGAIN) return static_cast<int>(fd);
  }
  return -1;
}

// Unpredictable is not needed: O_EXCL refuses what is there, and NamesInUse keeps threads apart.
std::string TemporaryNameFor(const std::string& name) {
  return ".preseal-" + name.substr(0, 200) + ".tmp";
}

}  // namespace

StatusOr<TargetRoot> TargetRoot::Open(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return files::FromErrno(errno, "open target root", path);
  const UniqueFd probe(OpenInRoot(fd.get(), ".", O_PATH | O_DIRECTORY));
  if (!probe.valid() && errno == ENOSYS) {
    return Unimplemented("this kernel has no openat2: Linux 5.6 or newer is needed");
  }
  return TargetRoot(path, std::move(fd), std::make_shared<NamesInUse>());
}

StatusOr<TargetRoot> TargetRoot::Enter(const std::string& path) const {
  ASSIGN_OR_RETURN(UniqueFd fd, MakeFolders(path));
  return TargetRoot(path_ + path, std::move(fd), names_);
}

StatusOr<UniqueFd> TargetRoot::Resolve(const std::string& path, int flags) const {
  UniqueFd fd(OpenInRoot(fd_.get(), path.c_str(), flags));
  if (!fd.valid()) return files::FromErrno(errno, "open in target", path);
  return fd;
}

StatusOr<UniqueFd> TargetRoot::MakeFolders(const std::string& path) const {
  auto folder = Resolve(path, O_PATH | O_DIRECTORY);
  if (folder.status().code() != StatusCode::kNotFound) return folder;
  const size_t slash = path.rfind('/');
  ASSIGN_OR_RETURN(UniqueFd parent, slash == 0 ? Resolve("/", O_PATH | O_DIRECTORY)
                                               : MakeFolders(path.substr(0, slash)));
  if (::mkdirat(parent.get(), path.c_str() + slash + 1, kFolderMode) != 0 && errno != EEXIST) {
    return files::FromErrno(errno, "make in target", path);
  }
  return Resolve(path, O_PATH | O_DIRECTORY);
}

StatusOr<TargetRoot::Place> TargetRoot::Locate(const std::string& path, bool make) const {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == 0 ? "/" : path.substr(0, slash);
  auto directory = make ? MakeFolders(folder) : Resolve(folder, O_PATH | O_DIRECTORY);
  RETURN_IF_ERROR(directory.status());
  return Place{*std::move(directory), path.substr(slash + 1)};
}

Status TargetRoot::Write(const std::string& path, mode_t mode,
                         const std::function<Status(int fd)>& fill) {
  ASSIGN_OR_RETURN(const Place place, Locate(path, true));
  const std::string temporary = TemporaryNameFor(place.name);
  ASSIGN_OR_RETURN(const auto claim, names_->Take(place.directory.get(), temporary));
  ::unlinkat(place.directory.get(), temporary.c_str(), 0);  // a crash may have left it
  const UniqueFd fd(::openat(place.directory.get(), temporary.c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.valid()) return files::FromErrno(errno, "create in target", path);
  Status status = fill(fd.get());
  if (status.ok()) status = FillAndName(place, temporary, fd.get(), mode, path);
  if (!status.ok()) ::unlinkat(place.directory.get(), temporary.c_str(), 0);
  return status;
}

Status TargetRoot::FillAndName(const Place& place, const std::string& temporary, int fd,
                               mode_t mode, const std::string& path) const {
  if (::fchmod(fd, mode & kPermissionBits) != 0) {
    return files::FromErrno(errno, "chmod in target", path);
  }
  if (::fsync(fd) != 0) return files::FromErrno(errno, "fsync in target", path);
  if (::renameat(place.directory.get(), temporary.c_str(), place.directory.get(),
                 place.name.c_str()) != 0) {
    return files::FromErrno(errno, "rename in target", path);
  }
  return SyncFolder(place, path);
}

Status TargetRoot::SyncFolder(const Place& place, const std::string& path) {
  // O_PATH descriptors cannot be synced.
  const UniqueFd folder(::openat(place.directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid() || ::fsync(folder.get()) != 0) {
    return files::FromErrno(errno, "fsync folder in target", path);
  }
  return OkStatus();
}

Status TargetRoot::WriteBytes(const std::string& path, mode_t mode, ByteView content) {
  return Write(path, mode, [content, &path](int fd) { return files::WriteAll(fd, content, path); });
}

Status TargetRoot::MakeDirectory(const std::string& path, mode_t mode) {
  ASSIGN_OR_RETURN(const UniqueFd folder, MakeFolders(path));
  // Through "." because an O_PATH descriptor takes no fchmod.
  if (::fchmodat(folder.get(), ".", mode & kPermissionBits, 0) != 0) {
    return files::FromErrno(errno, "chmod in target", path);
  }
  return OkStatus();
}

Status TargetRoot::MakeSymlink(const std::string& path, const std::string& text) {
  ASSIGN_OR_RETURN(const Place place, Locate(path, true));
  const std::string temporary = TemporaryNameFor(place.name);
  ASSIGN_OR_RETURN(const auto claim, names_->Take(place.directory.get(), temporary));
  const int directory = place.directory.get();
  ::unlinkat(directory, temporary.c_str(), 0);
  if (::symlinkat(text.c_str(), directory, temporary.c_str()) != 0 ||
      ::renameat(directory, temporary.c_str(), directory, place.name.c_str()) != 0) {
    return files::FromErrno(errno, "link in target", path);
  }
  return OkStatus();
}

Status TargetRoot::MakeHardlink(const std::string& path, const std::string& existing) {
  ASSIGN_OR_RETURN(const Place from, Locate(existing, false));
  ASSIGN_OR_RETURN(const Place place, Locate(path, true));
  ::unlinkat(place.directory.get(), place.name.c_str(), 0);
  if (::linkat(from.directory.get(), from.name.c_str(), place.directory.get(), place.name.c_str(),
               0) != 0) {
    return files::FromErrno(errno, "hard link in target", path);
  }
  return OkStatus();
}

Status TargetRoot::Remove(const std::string& path) {
  const auto place = Locate(path, false);
  if (place.status().code() == StatusCode::kNotFound) return OkStatus();
  RETURN_IF_ERROR(place.status());
  if (::unlinkat(place->directory.get(), place->name.c_str(), 0) != 0) {
    return errno == ENOENT ? OkStatus() : files::FromErrno(errno, "remove in target", path);
  }
  return SyncFolder(*place, path);
}

Status TargetRoot::ChangeOwner(const std::string& path, uid_t uid, gid_t gid) {
  ASSIGN_OR_RETURN(const Place place, Locate(path, false));
  if (::fchownat(place.directory.get(), place.name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) != 0) {
    return files::FromErrno(errno, "chown in target", path);
  }
  return OkStatus();
}

}  // namespace preseal::agent::steps
