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
  static FetchReactor* Start(const Status& allowed, const ArtifactStore& artifacts,
                             Workers& workers, const dv1::FetchRequest& request) {
    auto* reactor = new FetchReactor(workers);
    if (!allowed.ok()) {
      reactor->Finish(grpcutil::ToGrpc(allowed));
      return reactor;
    }
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
  explicit FetchReactor(Workers& workers) : workers_(workers) {}

  void Next() {
    if (!workers_.Post([this] { Step(); })) {
      Finish(grpcutil::ToGrpc(Unavailable("the server is busy or draining")));
    }
  }

  void Step() {
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

  Workers& workers_;
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
  return FetchReactor::Start(DeviceOf(*context).status(), artifacts_, workers_, *request);
}

}  // namespace preseal::server
