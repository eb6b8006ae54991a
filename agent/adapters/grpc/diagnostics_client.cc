// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/grpc/diagnostics_client.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include "agent/domain/back_off.h"
#include "agent/service/change_signal.h"
#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/crypto/digest.h"
#include "common/files/files.h"
#include "common/grpcutil/status.h"
#include "preseal/device/v1/device.grpc.pb.h"

namespace preseal::agent {
namespace {

namespace wire = device::v1;
using std::chrono::steady_clock;

struct Sent {
  uint64_t offset = 0;
  bool complete = false;
};

// One attempt after another at one bundle.
class Sending {
 public:
  Sending(DeviceChannel& channel, const Bytes& content, const BundleSubject& subject,
          steady_clock::time_point deadline, std::stop_token stop)
      : channel_(channel),
        content_(content),
        digest_(crypto::Sha256(content)),
        subject_(subject),
        deadline_(deadline),
        stop_(std::move(stop)) {}

  Status Run() {
    BackOff back_off(kReconnectFirst, kReconnectLongest);
    int restarts = 0;
    while (true) {
      const auto sent = Attempt();
      if (stop_.stop_requested()) return Cancelled("stopped");
      if (sent.ok() && sent->complete) return OkStatus();
      const Status status = sent.ok() ? Unavailable("the server has not all of it") : sent.status();
      // What the server had was damaged: it has thrown it away, once more from the beginning.
      const bool damaged = status.code() == StatusCode::kDataLoss;
      if (damaged && ++restarts > 1) return status;
      if (!damaged && !IsPassing(status)) return status;
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline_ - steady_clock::now());
      if (!PauseUnlessStopped(std::min(back_off.Next(0), left), stop_)) return Cancelled("stopped");
      if (steady_clock::now() >= deadline_) {
        return Unavailable(fmt::format("not delivered in time: {}", MessageOf(status)));
      }
    }
  }

 private:
  static bool IsPassing(const Status& status) {
    switch (status.code()) {
      case StatusCode::kUnavailable:
      case StatusCode::kDeadlineExceeded:
      case StatusCode::kAborted:
      case StatusCode::kOutOfRange:
      case StatusCode::kCancelled:
      case StatusCode::kUnknown:
        return true;
      default:
        return false;
    }
  }

  void Prepare(grpc::ClientContext& context) const {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - steady_clock::now());
    context.set_deadline(std::chrono::system_clock::now() + left);
    const auto now = ToMicros(std::chrono::system_clock::now()) / 1000;
    context.AddMetadata("preseal-device-time-ms", std::to_string(now));
  }

  StatusOr<Sent> Attempt() {
    const auto stub = wire::DiagnosticsService::NewStub(channel_.Current());
    grpc::ClientContext context;
    Prepare(context);
    const std::stop_callback cancel(stop_, [&context] { context.TryCancel(); });
    wire::GetUploadRequest request;
    request.set_sha256(ToString(ByteView(digest_)));
    wire::GetUploadResponse has;
    RETURN_IF_ERROR(grpcutil::FromGrpc(stub->GetUpload(&context, request, &has)));
    if (has.complete()) return Sent{has.offset(), true};
    if (has.offset() > content_.size()) return DataLoss("the server has more than there is");
    return SendRest(*stub, has.offset());
  }

  StatusOr<Sent> SendRest(wire::DiagnosticsService::Stub& stub, uint64_t offset) {
    grpc::ClientContext context;
    Prepare(context);
    const std::stop_callback cancel(stop_, [&context] { context.TryCancel(); });
    wire::UploadResponse response;
    const auto writer = stub.Upload(&context, &response);
    wire::UploadRequest request;
    wire::UploadStart* start = request.mutable_start();
    start->set_sha256(ToString(ByteView(digest_)));
    start->set_size(content_.size());
    start->set_offset(offset);
    start->set_run_id(subject_.run_id);
    start->set_reason(subject_.reason);
    bool open = writer->Write(request);
    while (open && offset < content_.size()) {
      const size_t size = std::min<uint64_t>(kArtifactChunkBytes, content_.size() - offset);
      request.set_chunk(ToString(ByteView(content_).subspan(offset, size)));
      open = writer->Write(request);
      offset += size;
    }
    writer->WritesDone();
    RETURN_IF_ERROR(grpcutil::FromGrpc(writer->Finish()));
    return Sent{response.offset(), response.complete()};
  }

  DeviceChannel& channel_;
  const Bytes& content_;
  const crypto::Digest256 digest_;
  const BundleSubject& subject_;
  const steady_clock::time_point deadline_;
  const std::stop_token stop_;
};

}  // namespace

Status DiagnosticsClient::Send(const std::string& path, const BundleSubject& subject,
                               std::chrono::milliseconds limit, std::stop_token stop) {
  ASSIGN_OR_RETURN(const Bytes content, files::Read(path, kDiagnosticsBytesMax));
  return Sending(channel_, content, subject, steady_clock::now() + limit, std::move(stop)).Run();
}

}  // namespace preseal::agent
