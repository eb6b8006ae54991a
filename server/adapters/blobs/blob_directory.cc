// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/blobs/blob_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "common/base/limits.h"
#include "common/files/unique_fd.h"

namespace preseal::server {
namespace {

namespace fs = std::filesystem;
constexpr size_t kSha256Bytes = 32;
constexpr size_t kCopyBytes = 256 * 1024;
constexpr char kIncoming[] = "incoming-";

Status ErrnoStatus(std::string_view what, const fs::path& path) {
  const int error = errno;
  const std::string text = fmt::format("{} {}: {}", what, path.string(), std::strerror(error));
  if (error == ENOSPC || error == EDQUOT) return ResourceExhausted(text);
  return error == ENOENT ? NotFound(text) : FailedPrecondition(text);
}

class FileReader final : public ArtifactReader {
 public:
  explicit FileReader(UniqueFd fd) : fd_(std::move(fd)) {}

  StatusOr<Bytes> Read(size_t bytes_max) override {
    Bytes chunk(bytes_max);
    const ssize_t got = ::read(fd_.get(), chunk.data(), chunk.size());
    if (got < 0)
      return Unavailable(fmt::format("cannot read an artefact: {}", std::strerror(errno)));
    chunk.resize(static_cast<size_t>(got));
    return chunk;
  }

 private:
  const UniqueFd fd_;
};

// Copies everything and returns what was copied.
StatusOr<BlobDirectory::Blob> Copy(int from, int to, const fs::path& source) {
  crypto::Sha256Stream digest;
  BlobDirectory::Blob blob;
  Bytes buffer(kCopyBytes);
  for (;;) {
    const ssize_t got = ::read(from, buffer.data(), buffer.size());
    if (got < 0) return ErrnoStatus("cannot read", source);
    if (got == 0) break;
    const ByteView piece(buffer.data(), static_cast<size_t>(got));
    blob.size += piece.size();
    if (blob.size > kArtifactBytesMax) {
      return InvalidArgument(fmt::format("{} is larger than an artefact may be", source.string()));
    }
    digest.Update(piece);
    for (size_t done = 0; done < piece.size();) {
      const ssize_t put = ::write(to, piece.data() + done, piece.size() - done);
      if (put < 0) return ErrnoStatus("cannot store", source);
      done += static_cast<size_t>(put);
    }
  }
  if (::fsync(to) != 0) return ErrnoStatus("cannot store", source);
  blob.sha256 = digest.Finish();
  return blob;
}

// What a crash in mid-copy left; up to kArtifactBytesMax each, and nobody else would remove it.
void RemoveUnfinished(const fs::path& directory, std::error_code& error) {
  fs::directory_iterator at(directory, error);
  for (const fs::directory_iterator end; !error && at != end; at.increment(error)) {
    std::error_code gone;
    if (at->path().filename().native().starts_with(kIncoming)) fs::remove(at->path(), gone);
  }
}

}  // namespace

StatusOr<std::unique_ptr<BlobDirectory>> BlobDirectory::Open(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (!error) RemoveUnfinished(directory, error);
  if (error) {
    return FailedPrecondition(
        fmt::format("cannot use {}: {}", directory.string(), error.message()));
  }
  return std::unique_ptr<BlobDirectory>(new BlobDirectory(directory));
}

fs::path BlobDirectory::PathOf(ByteView sha256) const {
  const std::string hex = ToHex(sha256);
  return directory_ / hex.substr(0, 2) / hex;
}

StatusOr<BlobDirectory::Blob> BlobDirectory::Import(const fs::path& file) const {
  const UniqueFd from(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!from.valid()) return ErrnoStatus("cannot open", file);
  std::string temporary = (directory_ / "incoming-XXXXXX").string();
  const UniqueFd to(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!to.valid()) return ErrnoStatus("cannot write below", directory_);
  auto blob = Copy(from.get(), to.get(), file);
  std::error_code ignored;
  if (!blob.ok()) {
    fs::remove(temporary, ignored);
    return blob;
  }
  const fs::path target = PathOf(blob->sha256);
  std::error_code error;
  fs::create_directories(target.parent_path(), error);
  if (!error) fs::rename(temporary, target, error);
  if (error) {
    fs::remove(temporary, ignored);
    return FailedPrecondition(fmt::format("cannot store {}: {}", file.string(), error.message()));
  }
  return blob;
}

StatusOr<std::unique_ptr<ArtifactReader>> BlobDirectory::Open(ByteView sha256,
                                                              uint64_t offset) const {
  if (sha256.size() != kSha256Bytes) return InvalidArgument("sha256 must have 32 bytes");
  UniqueFd fd(::open(PathOf(sha256).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return NotFound(fmt::format("no artefact {}", ToHex(sha256)));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return Unavailable("cannot read an artefact");
  if (offset > static_cast<uint64_t>(info.st_size)) {
    return OutOfRange(
        fmt::format("offset {} is beyond the artefact's {} bytes", offset, info.st_size));
  }
  if (::lseek(fd.get(), static_cast<off_t>(offset), SEEK_SET) < 0) {
    return Unavailable("cannot read an artefact");
  }
  return std::unique_ptr<ArtifactReader>(std::make_unique<FileReader>(std::move(fd)));
}

}  // namespace preseal::server
