// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/upload_reactor.h"

#include <utility>

#include "common/base/limits.h"
#include "server/adapters/grpc/chunk_reactor.h"

namespace preseal::server {
namespace {

using Request = profile::v1::UploadArtifactRequest;
using Response = profile::v1::UploadArtifactResponse;

class UploadReactor final : public ChunkReactor<Request> {
 public:
  UploadReactor(const ArtifactIntake& intake, Workers& workers, Response* response)
      : ChunkReactor(workers), intake_(intake), response_(response) {}

 private:
  Status Take(const Request& request) override {
    if (request.has_artifact()) {
      if (writer_) return InvalidArgument("the artefact is named twice");
      *response_->mutable_artifact() = request.artifact();
      ASSIGN_OR_RETURN(
          writer_, intake_.Begin(AsBytes(request.artifact().sha256()), request.artifact().size()));
      return OkStatus();
    }
    if (!writer_) return InvalidArgument("name the artefact first");
    if (request.chunk().size() > kArtifactChunkBytes) return InvalidArgument("a chunk is too long");
    return writer_->Write(AsBytes(request.chunk()));
  }

  Status Complete() override {
    return writer_ ? writer_->Finish() : InvalidArgument("there is no artefact");
  }

  const ArtifactIntake& intake_;
  Response* const response_;
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
