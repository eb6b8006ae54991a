// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/diagnostics/bundle_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <tuple>

#include "common/base/limits.h"
#include "common/files/files.h"
#include "common/files/unique_fd.h"
#include "common/log/log.h"
#include "server/adapters/diagnostics/bundle_archive.h"
#include "server/adapters/diagnostics/bundle_part.h"

namespace preseal::server {
namespace {

namespace fs = std::filesystem;
constexpr mode_t kPrivateFolder = 0700;
constexpr std::string_view kComplete = ".tar.zst";
constexpr std::string_view kFacts = ".json";
constexpr std::string_view kPart = ".part";

class FileReader final : public ArtifactReader {
 public:
  explicit FileReader(UniqueFd fd) : fd_(std::move(fd)) {}
  StatusOr<Bytes> Read(size_t bytes_max) override {
    Bytes chunk(bytes_max);
    const ssize_t got = ::read(fd_.get(), chunk.data(), chunk.size());
    if (got < 0) return Unavailable("cannot read a bundle");
    chunk.resize(static_cast<size_t>(got));
    return chunk;
  }

 private:
  const UniqueFd fd_;
};

// Names in a folder; none if it is not there.
StatusOr<std::vector<fs::path>> NamesIn(const fs::path& folder) {
  std::vector<fs::path> names;
  std::error_code error;
  fs::directory_iterator at(folder, error);
  for (const fs::directory_iterator end; !error && at != end; at.increment(error)) {
    names.push_back(at->path());
  }
  if (!error || error == std::errc::no_such_file_or_directory) return names;
  return files::FromErrno(error.value(), "list", folder.string());
}

// Nothing there: no value.
StatusOr<std::optional<struct stat>> LookAt(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) return std::optional(info);
  if (errno == ENOENT) return std::optional<struct stat>();
  return files::FromErrno(errno, "stat", path.string());
}

}  // namespace

StatusOr<std::unique_ptr<BundleFolder>> BundleFolder::Open(const fs::path& directory) {
  RETURN_IF_ERROR(files::MakeDirectories(directory.string(), kPrivateFolder));
  return std::unique_ptr<BundleFolder>(new BundleFolder(directory));
}

fs::path BundleFolder::FolderOf(const DeviceId& device) const { return directory_ / device.text(); }

fs::path BundleFolder::FileOf(const DeviceId& device, ByteView sha256,
                              std::string_view suffix) const {
  return FolderOf(device) / (ToHex(sha256) + std::string(suffix));
}

StatusOr<BundleProgress> BundleFolder::Look(const DeviceId& device, ByteView sha256) const {
  ASSIGN_OR_RETURN(const auto complete, LookAt(FileOf(device, sha256, kComplete)));
  if (complete) return BundleProgress{static_cast<uint64_t>(complete->st_size), true};
  ASSIGN_OR_RETURN(const auto part, LookAt(FileOf(device, sha256, kPart)));
  return BundleProgress{part ? static_cast<uint64_t>(part->st_size) : 0, false};
}

// One unfinished upload per device: a device that begins ever new ones cannot fill the disk.
Status BundleFolder::DropOtherParts(const Bundle& bundle) const {
  const fs::path own = FileOf(bundle.device, bundle.sha256, kPart);
  ASSIGN_OR_RETURN(const auto names, NamesIn(FolderOf(bundle.device)));
  for (const fs::path& name : names) {
    if (name.extension() == kPart && name != own) {
      RETURN_IF_ERROR(files::RemoveTree(name.string()));
    }
  }
  return OkStatus();
}

StatusOr<std::unique_ptr<BundleIntake>> BundleFolder::Begin(const Bundle& bundle, uint64_t offset) {
  RETURN_IF_ERROR(files::MakeDirectories(FolderOf(bundle.device).string(), kPrivateFolder));
  ASSIGN_OR_RETURN(UniqueFd turn, TakeUploadTurn(FolderOf(bundle.device)));
  ASSIGN_OR_RETURN(const BundleProgress here, Look(bundle.device, bundle.sha256));
  if (here.complete) return OutOfRange("the server has this bundle: ask for its progress");
  RETURN_IF_ERROR(DropOtherParts(bundle));
  return OpenBundlePart(
      std::move(turn), bundle, offset,
      {FileOf(bundle.device, bundle.sha256, kPart), FileOf(bundle.device, bundle.sha256, kFacts),
       FileOf(bundle.device, bundle.sha256, kComplete)});
}

StatusOr<std::vector<Bundle>> BundleFolder::List(const DeviceId& device) const {
  std::vector<Bundle> bundles;
  ASSIGN_OR_RETURN(const auto names, NamesIn(FolderOf(device)));
  for (const fs::path& name : names) {
    if (name.extension() != kFacts) continue;
    const auto text = files::Read(name.string(), kDiagnosticsNoteBytesMax);
    if (text.status().code() == StatusCode::kNotFound) continue;  // removed meanwhile
    RETURN_IF_ERROR(text.status());
    auto bundle = ParseFacts(device, AsText(*text));
    if (!bundle.ok()) {
      log::Warning("facts of a bundle are damaged", {{"file", name.string()}});
      continue;
    }
    ASSIGN_OR_RETURN(const BundleProgress progress, Look(device, bundle->sha256));
    if (progress.complete) bundles.push_back(*std::move(bundle));
  }
  std::sort(bundles.begin(), bundles.end(), [](const Bundle& one, const Bundle& other) {
    return std::tie(other.create_time, other.id) < std::tie(one.create_time, one.id);
  });
  return bundles;
}

StatusOr<std::vector<DeviceId>> BundleFolder::Devices() const {
  std::vector<DeviceId> devices;
  ASSIGN_OR_RETURN(const auto names, NamesIn(directory_));
  for (const fs::path& name : names) {
    const auto device = DeviceId::Parse(name.filename().string());
    if (device.ok()) devices.push_back(*device);
  }
  return devices;
}

// The facts last: without them nobody would find the file any more to remove it.
Status BundleFolder::Remove(const Bundle& bundle) {
  RETURN_IF_ERROR(files::RemoveTree(FileOf(bundle.device, bundle.sha256, kComplete).string()));
  return files::RemoveTree(FileOf(bundle.device, bundle.sha256, kFacts).string());
}

Status BundleFolder::RemoveUnfinished(const DeviceId& device, WallTime before) {
  const auto turn = TakeUploadTurn(FolderOf(device));
  if (turn.status().code() == StatusCode::kAborted) return OkStatus();  // it is going on
  RETURN_IF_ERROR(turn.status());
  ASSIGN_OR_RETURN(const auto names, NamesIn(FolderOf(device)));
  for (const fs::path& name : names) {
    if (name.extension() != kPart) continue;
    ASSIGN_OR_RETURN(const auto info, LookAt(name));
    if (!info || FromMicros(info->st_mtim.tv_sec * 1'000'000) >= before) continue;
    RETURN_IF_ERROR(files::RemoveTree(name.string()));
  }
  return OkStatus();
}

StatusOr<std::unique_ptr<ArtifactReader>> BundleFolder::Open(const Bundle& bundle) const {
  const std::string name = FileOf(bundle.device, bundle.sha256, kComplete).string();
  UniqueFd fd(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.valid()) return files::FromErrno(errno, "open", name);
  return std::unique_ptr<ArtifactReader>(std::make_unique<FileReader>(std::move(fd)));
}

StatusOr<std::vector<BundleEntry>> BundleFolder::Entries(const Bundle& bundle) const {
  return ListArchive(FileOf(bundle.device, bundle.sha256, kComplete).string());
}

StatusOr<BundlePart> BundleFolder::Read(const Bundle& bundle, std::string_view path,
                                        uint64_t offset, size_t limit) const {
  return ReadFromArchive(FileOf(bundle.device, bundle.sha256, kComplete).string(), path, offset,
                         limit);
}

}  // namespace preseal::server
