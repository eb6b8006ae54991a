// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/gateway_call.h"

#include <grpcpp/support/slice.h>

#include <utility>
#include <vector>

#include "common/base/limits.h"
#include "common/grpcutil/status.h"

namespace preseal::server::http {
namespace {

StatusOr<std::string> Flatten(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return Internal("response cannot be read");
  std::string bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

std::string_view View(const grpc::string_ref& text) { return {text.data(), text.size()}; }

}  // namespace

GatewayCall::GatewayCall(const Method& method, std::unique_ptr<RpcProtocol> protocol,
                         std::shared_ptr<Responder> out, std::shared_ptr<CallCounter> counter)
    : method_(method),
      protocol_(std::move(protocol)),
      out_(std::move(out)),
      counter_(std::move(counter)) {}

GatewayCall::~GatewayCall() { counter_->Leave(); }

void GatewayCall::Start(grpc::GenericStub& stub, const Metadata& metadata,
                        const std::string& request,
                        std::optional<std::chrono::nanoseconds> timeout) {
  self_ = shared_from_this();
  for (const auto& [name, value] : metadata) context_.AddMetadata(name, value);
  if (timeout) {
    context_.set_deadline(std::chrono::system_clock::now() +
                          std::chrono::duration_cast<std::chrono::microseconds>(*timeout));
  }
  const grpc::Slice slice(request);
  request_ = grpc::ByteBuffer(&slice, 1);
  out_->OnClose([call = self_] { call->Abort(); });
  stub.PrepareBidiStreamingCall(&context_, method_.path, {}, this);
  AddHold();
  StartWriteLast(&request_, {});
  StartRead(&incoming_);
  StartCall();
}

void GatewayCall::OnReadInitialMetadataDone(bool ok) {
  out_->Post([call = self_, ok] { call->Begin(ok); });
}

void GatewayCall::OnReadDone(bool ok) {
  if (!ok) return RemoveHold();
  out_->Post([call = self_, message = incoming_] { call->Deliver(message); });
}

void GatewayCall::OnDone(const grpc::Status& status) {
  // Nothing calls back after this; the posted work holds the last reference.
  out_->Post([call = std::move(self_), status] { call->Finish(status); });
}

void GatewayCall::Begin(bool accepted) {
  begun_ = true;
  if (accepted && !aborted_) {
    // "set-cookie" is the one piece of initial metadata meant for browsers.
    Headers headers;
    for (const auto& [name, value] : context_.GetServerInitialMetadata()) {
      if (View(name) != "set-cookie") continue;
      if (auto header = ToHeader(View(name), View(value))) headers.push_back(std::move(*header));
    }
    protocol_->Begin(*out_, std::move(headers));
  }
  if (early_) Deliver(*std::exchange(early_, std::nullopt));
}

void GatewayCall::Deliver(const grpc::ByteBuffer& message) {
  if (!begun_) {
    early_ = message;
    return;
  }
  if (aborted_) return RemoveHold();
  Status status;
  if (const auto bytes = Flatten(message); bytes.ok()) {
    status = protocol_->Message(*out_, *bytes);
  } else {
    status = bytes.status();
  }
  if (!status.ok()) {
    failure_ = status;
    aborted_ = true;
    context_.TryCancel();
    return RemoveHold();
  }
  if (out_->queued() < kHttpQueueHighWater) return ReadOn();
  paused_ = true;
  out_->OnDrain([call = self_] {
    if (std::exchange(call->paused_, false)) call->ReadOn();
  });
}

void GatewayCall::ReadOn() { StartRead(&incoming_); }

void GatewayCall::Abort() {
  if (std::exchange(aborted_, true)) return;
  context_.TryCancel();
  if (std::exchange(paused_, false)) RemoveHold();
}

void GatewayCall::Finish(const grpc::Status& status) {
  RpcEnd end;
  end.status = failure_.ok() ? grpcutil::FromGrpc(status) : failure_;
  for (const auto& [name, value] : context_.GetServerTrailingMetadata()) {
    if (auto header = ToHeader(View(name), View(value))) end.trailers.push_back(std::move(*header));
  }
  protocol_->End(*out_, end);
}

}  // namespace preseal::server::http
