// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/upload_reactor.h"

#include <utility>

#include "common/base/limits.h"
#include "common/grpcutil/status.h"

namespace preseal::server {
namespace {

using Request = profile::v1::UploadArtifactRequest;
using Response = profile::v1::UploadArtifactResponse;

class UploadReactor final : public grpc::ServerReadReactor<Request> {
 public:
  UploadReactor(const ArtifactIntake& intake, Workers& workers, Response* response)
      : intake_(intake), workers_(workers), response_(response) {}

  void Begin(const Status& allowed) {
    if (!allowed.ok()) return Finish(grpcutil::ToGrpc(allowed));
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    const bool taken = workers_.Post([this, ok] { ok ? Take() : Complete(); });
    if (!taken) Finish(grpcutil::ToGrpc(Unavailable("the server is busy or draining: try again")));
  }

  void OnDone() override { delete this; }

 private:
  void Take() {
    const Status status = TakeMessage();
    if (!status.ok()) return Finish(grpcutil::ToGrpc(status));
    StartRead(&request_);
  }

  Status TakeMessage() {
    if (request_.has_artifact()) {
      if (writer_) return InvalidArgument("the artefact is named twice");
      *response_->mutable_artifact() = request_.artifact();
      ASSIGN_OR_RETURN(writer_, intake_.Begin(AsBytes(request_.artifact().sha256()),
                                              request_.artifact().size()));
      return OkStatus();
    }
    if (!writer_) return InvalidArgument("name the artefact first");
    if (request_.chunk().size() > kArtifactChunkBytes)
      return InvalidArgument("a chunk is too long");
    return writer_->Write(AsBytes(request_.chunk()));
  }

  void Complete() {
    const Status status = writer_ ? writer_->Finish() : InvalidArgument("there is no artefact");
    Finish(grpcutil::ToGrpc(status));
  }

  const ArtifactIntake& intake_;
  Workers& workers_;
  Response* const response_;
  Request request_;
  std::unique_ptr<ArtifactWriter> writer_;
};

}  // namespace

grpc::ServerReadReactor<Request>* StartUpload(const Status& allowed, const ArtifactIntake& intake,
                                              Workers& workers, Response* response) {
  auto* reactor = new UploadReactor(intake, workers, response);  // OnDone deletes it
  reactor->Begin(allowed);
  return reactor;
}

}  // namespace preseal::server
