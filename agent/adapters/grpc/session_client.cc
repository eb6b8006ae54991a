// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/grpc/session_client.h"

#include <grpcpp/grpcpp.h>

#include "agent/adapters/grpc/server_probe.h"
#include "agent/adapters/grpc/session_wire.h"
#include "common/grpcutil/status.h"
#include "common/log/log.h"
#include "preseal/device/v1/device.grpc.pb.h"

namespace preseal::agent {
namespace {

namespace wire = device::v1;

class GrpcStream final : public SessionStream {
 public:
  GrpcStream(const std::shared_ptr<grpc::Channel>& channel, ServerProbe probe)
      : probe_(std::move(probe)),
        stub_(wire::DeviceSessionService::NewStub(channel)),
        stream_(stub_->Connect(&context_)) {}
  // A stream must be finished before it is dropped; cancelled, that does not block.
  ~GrpcStream() override {
    if (finished_) return;
    context_.TryCancel();
    stream_->Finish();
  }

  bool Send(const UpMessage& message) override { return stream_->Write(ToWire(message)); }
  void HalfClose() override { stream_->WritesDone(); }
  void Cancel() override { context_.TryCancel(); }

  std::optional<DownMessage> Receive() override {
    wire::ServerMessage message;
    while (stream_->Read(&message)) {
      heard_ = true;
      auto converted = FromWire(message);
      if (converted.ok()) return *std::move(converted);
      log::Warning("message from the server skipped", {{"error", ToString(converted.status())}});
    }
    return std::nullopt;
  }

  Status Finish() override {
    finished_ = true;
    const Status ended = grpcutil::FromGrpc(stream_->Finish());
    return heard_ ? ended : probe_.Explain(ended);
  }

 private:
  const ServerProbe probe_;
  grpc::ClientContext context_;
  std::unique_ptr<wire::DeviceSessionService::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<wire::AgentMessage, wire::ServerMessage>> stream_;
  bool heard_ = false;
  bool finished_ = false;
};

}  // namespace

StatusOr<std::unique_ptr<SessionStream>> SessionClient::Dial() {
  return std::unique_ptr<SessionStream>(
      std::make_unique<GrpcStream>(channel_.Renew(), channel_.probe()));
}

}  // namespace preseal::agent
