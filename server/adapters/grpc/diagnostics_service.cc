// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/diagnostics_service.h"

#include <charconv>
#include <utility>

#include "common/base/limits.h"
#include "server/adapters/grpc/caller.h"
#include "server/adapters/grpc/chunk_reactor.h"

namespace preseal::server {
namespace {

using Request = device::v1::UploadRequest;
using Response = device::v1::UploadResponse;

// Nothing if it was not told, or is no time.
std::optional<WallTime> DeviceTimeOf(const grpc::ServerContextBase& context) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find(kDeviceTimeMetadata);
  if (found == metadata.end()) return std::nullopt;
  const auto& text = found->second;
  int64_t millis = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), millis);
  constexpr int64_t kYear9999 = 253'370'764'800'000;
  const bool whole = error == std::errc() && end == text.end();
  if (!whole || millis < 0 || millis > kYear9999) return std::nullopt;
  return FromMicros(millis * 1000);
}

// Takes one bundle in; what came before the connection broke stays.
class BundleUpload final : public ChunkReactor<Request> {
 public:
  BundleUpload(DiagnosticsOffice& office, Workers& workers, DeviceId device,
               std::optional<WallTime> device_time, Response* response)
      : ChunkReactor(workers),
        office_(office),
        device_(std::move(device)),
        device_time_(device_time),
        response_(response) {}

 private:
  Status Take(const Request& request) override {
    if (request.has_start()) {
      if (intake_) return InvalidArgument("the bundle is named twice");
      const auto& start = request.start();
      ASSIGN_OR_RETURN(intake_, office_.Begin(device_, {.sha256 = ToBytes(start.sha256()),
                                                        .size = start.size(),
                                                        .offset = start.offset(),
                                                        .run_id = start.run_id(),
                                                        .reason = start.reason(),
                                                        .device_time = device_time_}));
      return OkStatus();
    }
    if (!intake_) return InvalidArgument("name the bundle first");
    if (request.chunk().size() > kArtifactChunkBytes) return InvalidArgument("a chunk is too long");
    return intake_->Write(AsBytes(request.chunk()));
  }

  Status Complete() override {
    if (!intake_) return InvalidArgument("there is no bundle");
    const auto progress = office_.Finish(device_, *intake_);
    intake_.reset();  // before the answer: whoever goes on at once must not meet its lock
    RETURN_IF_ERROR(progress.status());
    response_->set_offset(progress->offset);
    response_->set_complete(progress->complete);
    return OkStatus();
  }

  DiagnosticsOffice& office_;
  const DeviceId device_;
  const std::optional<WallTime> device_time_;
  Response* const response_;
  std::unique_ptr<BundleIntake> intake_;
};

StatusOr<DeviceCaller> Allowed(const grpc::ServerContextBase& context, RevocationMap& revocations) {
  ASSIGN_OR_RETURN(DeviceCaller caller, DeviceOf(context));
  RETURN_IF_ERROR(revocations.Check(caller.certificate_sha256));
  return caller;
}

}  // namespace

grpc::ServerUnaryReactor* DiagnosticsService::GetUpload(grpc::CallbackServerContext* context,
                                                        const device::v1::GetUploadRequest* request,
                                                        device::v1::GetUploadResponse* response) {
  return workers_.Serve(context, [this, context, request, response]() -> Status {
    ASSIGN_OR_RETURN(const DeviceCaller caller, Allowed(*context, revocations_));
    ASSIGN_OR_RETURN(const BundleProgress progress,
                     office_.Progress(caller.device_id, AsBytes(request->sha256())));
    response->set_offset(progress.offset);
    response->set_complete(progress.complete);
    return OkStatus();
  });
}

grpc::ServerReadReactor<Request>* DiagnosticsService::Upload(grpc::CallbackServerContext* context,
                                                             Response* response) {
  const auto caller = Allowed(*context, revocations_);
  auto* upload = new BundleUpload(office_, workers_,  // OnDone deletes it
                                  caller.ok() ? caller->device_id : DeviceId(),
                                  DeviceTimeOf(*context), response);
  upload->Begin(caller.status());
  return upload;
}

}  // namespace preseal::server
