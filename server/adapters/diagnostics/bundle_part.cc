// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/diagnostics/bundle_part.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "common/base/limits.h"
#include "common/crypto/digest.h"
#include "common/files/files.h"

namespace preseal::server {
namespace {

constexpr mode_t kPrivateFile = 0600;
constexpr size_t kHashBlockBytes = 256 * 1024;

class PartIntake final : public BundleIntake {
 public:
  PartIntake(UniqueFd turn, UniqueFd fd, Bundle bundle, BundlePaths paths, uint64_t offset)
      : turn_(std::move(turn)),
        fd_(std::move(fd)),
        bundle_(std::move(bundle)),
        paths_(std::move(paths)),
        size_(offset) {}

  Status Write(ByteView chunk) override {
    if (chunk.size() > bundle_.size - size_) {
      return ResourceExhausted("more bytes than announced");
    }
    RETURN_IF_ERROR(files::WriteAll(fd_.get(), chunk, paths_.part.string()));
    size_ += chunk.size();
    return OkStatus();
  }

  StatusOr<BundleProgress> Finish() override {
    if (size_ < bundle_.size) return BundleProgress{size_, false};
    ASSIGN_OR_RETURN(const auto digest, HashWhole());
    if (ToBytes(ByteView(digest)) != bundle_.sha256) {
      ::unlink(paths_.part.c_str());
      return DataLoss("the bundle has another digest than announced: send it again");
    }
    if (::fsync(fd_.get()) != 0) return files::FromErrno(errno, "fsync", paths_.part.string());
    const std::string facts = FactsText(bundle_);
    RETURN_IF_ERROR(files::WriteAtomic(paths_.facts.string(), AsBytes(facts), kPrivateFile));
    if (::rename(paths_.part.c_str(), paths_.complete.c_str()) != 0) {
      return files::FromErrno(errno, "rename to", paths_.complete.string());
    }
    RETURN_IF_ERROR(files::SyncDirectory(paths_.complete.parent_path().string()));
    return BundleProgress{size_, true};
  }

 private:
  // Of the file, not of the chunks: part of it may be from an upload before.
  StatusOr<crypto::Digest256> HashWhole() const {
    crypto::Sha256Stream digest;
    Bytes block(kHashBlockBytes);
    for (off_t at = 0;;) {
      const ssize_t got = ::pread(fd_.get(), block.data(), block.size(), at);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return files::FromErrno(errno, "read", paths_.part.string());
      if (got == 0) return digest.Finish();
      digest.Update(ByteView(block).first(static_cast<size_t>(got)));
      at += got;
    }
  }

  const UniqueFd turn_;
  const UniqueFd fd_;
  const Bundle bundle_;
  const BundlePaths paths_;
  uint64_t size_;
};

}  // namespace

StatusOr<UniqueFd> TakeUploadTurn(const std::filesystem::path& folder) {
  UniqueFd turn(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!turn.valid()) return files::FromErrno(errno, "open", folder.string());
  if (::flock(turn.get(), LOCK_EX | LOCK_NB) == 0) return turn;
  return Aborted("another upload of this device goes on");
}

StatusOr<std::unique_ptr<BundleIntake>> OpenBundlePart(UniqueFd turn, const Bundle& bundle,
                                                       uint64_t offset, const BundlePaths& paths) {
  const std::string name = paths.part.string();
  UniqueFd fd(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kPrivateFile));
  if (!fd.valid()) return files::FromErrno(errno, "open", name);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return files::FromErrno(errno, "stat", name);
  if (static_cast<uint64_t>(info.st_size) != offset) {
    return OutOfRange(fmt::format("the server has {} bytes: go on there", info.st_size));
  }
  if (::lseek(fd.get(), 0, SEEK_END) < 0) return files::FromErrno(errno, "seek", name);
  return std::unique_ptr<BundleIntake>(
      std::make_unique<PartIntake>(std::move(turn), std::move(fd), bundle, paths, offset));
}

std::string FactsText(const Bundle& bundle) {
  nlohmann::json facts = {{"run_id", bundle.run_id},
                          {"reason", bundle.reason},
                          {"size", bundle.size},
                          {"sha256", ToHex(bundle.sha256)},
                          {"create_time_us", ToMicros(bundle.create_time)}};
  if (bundle.clock_offset) facts["clock_offset_ms"] = bundle.clock_offset->count();
  // What a device says need not be UTF-8.
  return facts.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

StatusOr<Bundle> ParseFacts(const DeviceId& device, std::string_view text) {
  const auto facts = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!facts.is_object()) return InvalidArgument("not the facts of a bundle");
  Bundle bundle{.device = device};
  try {
    bundle.run_id = facts.at("run_id").get<std::string>();
    bundle.reason = facts.at("reason").get<std::string>();
    bundle.size = facts.at("size").get<uint64_t>();
    ASSIGN_OR_RETURN(bundle.sha256, FromHex(facts.at("sha256").get<std::string>()));
    bundle.create_time = FromMicros(facts.at("create_time_us").get<int64_t>());
    if (facts.contains("clock_offset_ms")) {
      bundle.clock_offset = std::chrono::milliseconds(facts["clock_offset_ms"].get<int64_t>());
    }
  } catch (const nlohmann::json::exception& error) {
    return InvalidArgument(std::string("not the facts of a bundle: ") + error.what());
  }
  bundle.id = BundleIdOf(bundle.sha256);
  return bundle;
}

}  // namespace preseal::server
