// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/grpc/artifact_client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "agent/domain/back_off.h"
#include "agent/service/change_signal.h"
#include "common/base/limits.h"
#include "common/crypto/digest.h"
#include "common/files/files.h"
#include "common/grpcutil/status.h"
#include "common/log/log.h"
#include "preseal/device/v1/device.grpc.pb.h"

namespace preseal::agent {
namespace {

namespace wire = device::v1;
using std::chrono::steady_clock;

// The unfinished file with the digest of what it holds. Not thread-safe.
class PartFile {
 public:
  static StatusOr<PartFile> Open(const std::string& path, uint64_t size_max) {
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd.valid()) return files::FromErrno(errno, "open", path);
    PartFile part(path, std::move(fd));
    RETURN_IF_ERROR(part.HashExisting(size_max));
    return part;
  }

  uint64_t size() const { return size_; }
  Status Append(ByteView bytes) {
    RETURN_IF_ERROR(files::WriteAll(fd_.get(), bytes, path_));
    digest_.Update(bytes);
    size_ += bytes.size();
    return OkStatus();
  }
  // It is no use to anybody.
  void Remove() { ::unlink(path_.c_str()); }
  // Begins again with nothing.
  Status Clear() {
    if (::ftruncate(fd_.get(), 0) != 0) return files::FromErrno(errno, "truncate", path_);
    ::lseek(fd_.get(), 0, SEEK_SET);
    digest_.Finish();
    size_ = 0;
    return OkStatus();
  }
  // True if it is exactly `artifact` and now has its final name.
  StatusOr<bool> Complete(const Artifact& artifact, const std::string& path) {
    if (size_ != artifact.size || digest_.Finish() != artifact.sha256) return false;
    if (::fsync(fd_.get()) != 0) return files::FromErrno(errno, "fsync", path_);
    if (::rename(path_.c_str(), path.c_str()) != 0) {
      return files::FromErrno(errno, "rename to", path);
    }
    return true;
  }

 private:
  PartFile(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  Status HashExisting(uint64_t size_max) {
    Bytes buffer(kArtifactChunkBytes);
    while (true) {
      const ssize_t got = ::read(fd_.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return files::FromErrno(errno, "read", path_);
      if (got == 0) break;
      digest_.Update(ByteView(buffer).first(static_cast<size_t>(got)));
      size_ += static_cast<uint64_t>(got);
    }
    return size_ > size_max ? Clear() : OkStatus();
  }

  std::string path_;
  UniqueFd fd_;
  crypto::Sha256Stream digest_;
  uint64_t size_ = 0;
};

// How one call ended: by our own doing (the disk, the digest's size), or by the server's.
struct Ended {
  Status local;
  Status remote;
};

// One call, from where `part` ends to the end of the artefact or of the connection.
Ended FetchRest(DeviceChannel& channel, const Artifact& artifact, steady_clock::time_point deadline,
                const std::function<void(uint32_t)>& on_percent, const std::stop_token& stop,
                PartFile& part) {
  grpc::ClientContext context;
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_clock::now());
  context.set_deadline(std::chrono::system_clock::now() + left);
  const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
  wire::FetchRequest request;
  request.set_sha256(ToString(ByteView(artifact.sha256)));
  request.set_offset(part.size());
  const auto stub = wire::ArtifactService::NewStub(channel.Current());
  const auto reader = stub->Fetch(&context, request);
  wire::FetchResponse response;
  Ended ended;
  while (ended.local.ok() && reader->Read(&response)) {
    // More than was promised is never written: it could fill the disk.
    if (response.chunk().size() > artifact.size - part.size()) {
      ended.local = DataLoss("the server sends more than the artefact's size");
    } else {
      ended.local = part.Append(AsBytes(response.chunk()));
      on_percent(static_cast<uint32_t>(part.size() * 100 / std::max<uint64_t>(artifact.size, 1)));
    }
  }
  if (!ended.local.ok()) context.TryCancel();
  ended.remote = grpcutil::FromGrpc(reader->Finish());
  return ended;
}

bool IsHere(const std::string& path, const Artifact& artifact) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         static_cast<uint64_t>(info.st_size) == artifact.size;
}

// Whether asking again can help.
bool IsPassing(const Status& status) {
  switch (status.code()) {
    case StatusCode::kNotFound:
    case StatusCode::kDataLoss:
    case StatusCode::kPermissionDenied:
    case StatusCode::kInvalidArgument:
      return false;
    default:
      return true;
  }
}

// Waits before the next call; Unavailable at `deadline`, Cancelled by `stop`.
Status PauseAfter(const Status& status, BackOff& back_off, steady_clock::time_point deadline,
                  const std::stop_token& stop) {
  log::Debug("artefact not fetched yet", {{"error", ToString(status)}});
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
  if (!PauseUnlessStopped(std::min(back_off.Next(0), left), stop)) return Cancelled("stopped");
  if (steady_clock::now() < deadline) return OkStatus();
  return Unavailable(fmt::format("not fetched in time: {}", MessageOf(status)));
}

// Until `part` is the whole artefact under its name `path`, asking again as long as that can help.
// Whatever cannot be gone on with is removed, so that it neither fills the disk nor is resumed.
Status FetchWhole(DeviceChannel& channel, const Artifact& artifact, const std::string& path,
                  steady_clock::time_point deadline,
                  const std::function<void(uint32_t)>& on_percent, const std::stop_token& stop,
                  PartFile& part) {
  bool resumed = part.size() > 0;
  BackOff back_off(kReconnectFirst, kReconnectLongest);
  while (true) {
    const uint64_t had = part.size();
    const Ended ended = FetchRest(channel, artifact, deadline, on_percent, stop, part);
    if (stop.stop_requested()) return Cancelled("stopped");
    if (!ended.local.ok()) {
      part.Remove();
      return ended.local;
    }
    if (ended.remote.ok()) {
      ASSIGN_OR_RETURN(const bool complete, part.Complete(artifact, path));
      if (complete) return OkStatus();
      RETURN_IF_ERROR(part.Clear());
      // What an earlier, killed fetch left may have been the damaged part.
      if (std::exchange(resumed, false)) continue;
      part.Remove();
      return DataLoss("the artefact has another digest or size");
    }
    if (ended.remote.code() == StatusCode::kOutOfRange) RETURN_IF_ERROR(part.Clear());
    if (!IsPassing(ended.remote)) return ended.remote;
    if (part.size() > had) back_off.Reset();  // it was there until just now
    RETURN_IF_ERROR(PauseAfter(ended.remote, back_off, deadline, stop));
  }
}

}  // namespace

StatusOr<std::string> ArtifactClient::Fetch(const Artifact& artifact,
                                            std::chrono::milliseconds limit,
                                            const std::function<void(uint32_t percent)>& on_percent,
                                            std::stop_token stop) {
  const auto deadline = steady_clock::now() + limit;
  const std::string path = directory_ + "/" + ToHex(artifact.sha256);
  RETURN_IF_ERROR(TakeTurn(path, deadline, stop));
  Status status;
  if (!IsHere(path, artifact)) {
    status = FetchNew(artifact, path, deadline, on_percent, stop);
  }
  GiveTurn(path);
  RETURN_IF_ERROR(status);
  return path;
}

Status ArtifactClient::FetchNew(const Artifact& artifact, const std::string& path,
                                steady_clock::time_point deadline,
                                const std::function<void(uint32_t percent)>& on_percent,
                                const std::stop_token& stop) {
  RETURN_IF_ERROR(files::MakeDirectories(directory_, 0700));
  ASSIGN_OR_RETURN(PartFile part, PartFile::Open(path + ".part", artifact.size));
  return FetchWhole(channel_, artifact, path, deadline, on_percent, stop, part);
}

// Two steps may want the same content: the second waits for the first, then finds it here.
Status ArtifactClient::TakeTurn(const std::string& path, steady_clock::time_point deadline,
                                const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (freed_.wait_until(lock, stop, deadline, [this, &path] { return !busy_.contains(path); })) {
    busy_.insert(path);
    return OkStatus();
  }
  if (stop.stop_requested()) return Cancelled("stopped");
  return Unavailable("not fetched in time: another step is still fetching it");
}

void ArtifactClient::GiveTurn(const std::string& path) {
  {
    const std::lock_guard lock(mutex_);
    busy_.erase(path);
  }
  freed_.notify_all();
}

}  // namespace preseal::agent
