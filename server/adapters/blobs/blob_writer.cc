// SPDX-License-Identifier: Apache-2.0
// Taking a blob in piece by piece, under its final name only when it is whole and durable.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "common/base/limits.h"
#include "common/files/unique_fd.h"
#include "server/adapters/blobs/blob_directory.h"

namespace preseal::server {
namespace {

namespace fs = std::filesystem;
constexpr size_t kSha256Bytes = 32;

class FileWriter final : public ArtifactWriter {
 public:
  FileWriter(UniqueFd fd, fs::path temporary, fs::path target, Bytes sha256, uint64_t size)
      : fd_(std::move(fd)),
        temporary_(std::move(temporary)),
        target_(std::move(target)),
        sha256_(std::move(sha256)),
        size_(size) {}
  ~FileWriter() override {
    std::error_code ignored;
    if (!finished_) fs::remove(temporary_, ignored);
  }

  Status Write(ByteView chunk) override {
    if (chunk.size() > size_ - written_) return ResourceExhausted("more bytes than announced");
    digest_.Update(chunk);
    written_ += chunk.size();
    while (!chunk.empty()) {
      const ssize_t put = ::write(fd_.get(), chunk.data(), chunk.size());
      if (put < 0) return Failure();
      chunk = chunk.subspan(static_cast<size_t>(put));
    }
    return OkStatus();
  }

  Status Finish() override {
    const auto digest = digest_.Finish();
    if (written_ != size_ || Bytes(digest.begin(), digest.end()) != sha256_) {
      return DataLoss("the content is not what its digest and size announced: send it again");
    }
    if (::fsync(fd_.get()) != 0) return Failure();
    std::error_code error;
    fs::create_directories(target_.parent_path(), error);
    if (!error) fs::rename(temporary_, target_, error);
    if (error) return FailedPrecondition("cannot store an artefact: " + error.message());
    finished_ = true;
    return OkStatus();
  }

 private:
  static Status Failure() {
    const int error = errno;
    const std::string text = fmt::format("cannot store an artefact: {}", std::strerror(error));
    return error == ENOSPC || error == EDQUOT ? ResourceExhausted(text) : FailedPrecondition(text);
  }

  const UniqueFd fd_;
  const fs::path temporary_;
  const fs::path target_;
  const Bytes sha256_;
  const uint64_t size_;
  uint64_t written_ = 0;
  bool finished_ = false;
  crypto::Sha256Stream digest_;
};

}  // namespace

StatusOr<std::unique_ptr<ArtifactWriter>> BlobDirectory::Begin(ByteView sha256,
                                                               uint64_t size) const {
  if (sha256.size() != kSha256Bytes) return InvalidArgument("sha256 must have 32 bytes");
  if (size > kArtifactBytesMax) return ResourceExhausted("larger than an artefact may be");
  std::string temporary = (directory_ / "incoming-XXXXXX").string();
  UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd.valid()) {
    return FailedPrecondition(
        fmt::format("cannot write below {}: {}", directory_.string(), std::strerror(errno)));
  }
  return std::unique_ptr<ArtifactWriter>(std::make_unique<FileWriter>(
      std::move(fd), temporary, PathOf(sha256), Bytes(sha256.begin(), sha256.end()), size));
}

}  // namespace preseal::server
