// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/device_service.h"

#include <memory>
#include <mutex>

#include "common/base/limits.h"
#include "common/grpcutil/status.h"
#include "server/adapters/grpc/caller.h"
#include "server/adapters/grpc/device_stream.h"

namespace preseal::server {
namespace {

namespace dv1 = device::v1;

// Sends one artefact chunk by chunk; the file is read on a worker, one chunk ahead of the wire.
class FetchReactor final : public grpc::ServerWriteReactor<dv1::FetchResponse> {
 public:
  static FetchReactor* Start(StatusOr<DeviceCaller> caller, const ArtifactStore& artifacts,
                             RevocationMap& revocations, Workers& workers,
                             const dv1::FetchRequest& request) {
    auto* reactor = new FetchReactor(revocations, workers);
    if (!caller.ok()) {
      reactor->Finish(grpcutil::ToGrpc(caller.status()));
      return reactor;
    }
    reactor->certificate_sha256_ = std::move(caller->certificate_sha256);
    auto opened = artifacts.Open(AsBytes(request.sha256()), request.offset());
    if (!opened.ok()) {
      reactor->Finish(grpcutil::ToGrpc(opened.status()));
      return reactor;
    }
    reactor->reader_ = *std::move(opened);
    reactor->Next();
    return reactor;
  }

 private:
  FetchReactor(RevocationMap& revocations, Workers& workers)
      : revocations_(revocations), workers_(workers) {}

  void Next() {
    if (!workers_.Post([this] { Step(); })) {
      Finish(grpcutil::ToGrpc(Unavailable("the server is busy or draining")));
    }
  }

  void Step() {
    // Before each chunk: a large artefact outlasts a revocation.
    const Status allowed = revocations_.Check(certificate_sha256_);
    if (!allowed.ok()) return Finish(grpcutil::ToGrpc(allowed));
    auto chunk = reader_->Read(kArtifactChunkBytes);
    if (!chunk.ok()) return Finish(grpcutil::ToGrpc(chunk.status()));
    if (chunk->empty()) return Finish(grpc::Status::OK);
    message_.set_chunk(ToString(*chunk));
    StartWrite(&message_);
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpcutil::ToGrpc(Cancelled("the device is gone")));
    Next();
  }

  void OnDone() override { delete this; }

  RevocationMap& revocations_;
  Workers& workers_;
  Bytes certificate_sha256_;
  std::unique_ptr<ArtifactReader> reader_;
  dv1::FetchResponse message_;
};

}  // namespace

grpc::ServerBidiReactor<dv1::AgentMessage, dv1::ServerMessage>* DeviceSessionService::Connect(
    grpc::CallbackServerContext* context) {
  return DeviceStream::Start(DeviceOf(*context), sessions_, workers_, clock_, qr_prefix_);
}

grpc::ServerWriteReactor<dv1::FetchResponse>* ArtifactService::Fetch(
    grpc::CallbackServerContext* context, const dv1::FetchRequest* request) {
  return FetchReactor::Start(DeviceOf(*context), artifacts_, revocations_, workers_, *request);
}

}  // namespace preseal::server
