// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/gateway.h"

#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <utility>

#include "common/base/limits.h"
#include "server/adapters/http/call_metadata.h"
#include "server/adapters/http/connect_protocol.h"
#include "server/adapters/http/gateway_call.h"
#include "server/adapters/http/grpcweb_protocol.h"
#include "server/adapters/http/json_codec.h"
#include "server/adapters/http/request_policy.h"

namespace preseal::server::http {
namespace {

constexpr char kUnaryTypes[] = "application/json, application/proto, application/grpc-web+proto";
constexpr char kStreamTypes[] =
    "application/connect+json, application/connect+proto, application/grpc-web+proto";

// Null if `type` is not a way to call `method`.
std::unique_ptr<RpcProtocol> ProtocolFor(const std::string& type, const Method& method,
                                         const JsonCodec& codec) {
  const Encoding json{&codec};
  const Encoding binary{};
  if (type == "application/grpc-web" || type == "application/grpc-web+proto") {
    return MakeGrpcWeb(method, binary, type);
  }
  if (type == "application/grpc-web+json") return MakeGrpcWeb(method, json, type);
  if (method.server_streaming) {
    if (type == "application/connect+json") return MakeConnectStream(method, json);
    if (type == "application/connect+proto") return MakeConnectStream(method, binary);
    return nullptr;
  }
  if (type == "application/json") return MakeConnectUnary(method, json);
  if (type == "application/proto") return MakeConnectUnary(method, binary);
  return nullptr;
}

}  // namespace

struct Gateway::Impl {
  Impl(const std::shared_ptr<grpc::Channel>& channel, MethodTable methods_in, size_t calls_max)
      : stub(channel),
        methods(std::move(methods_in)),
        counter(std::make_shared<CallCounter>(calls_max)) {}

  void Call(const Method& method, std::unique_ptr<RpcProtocol> protocol, Request request,
            std::shared_ptr<Responder> out);

  grpc::GenericStub stub;
  const MethodTable methods;
  const std::shared_ptr<CallCounter> counter;
  const JsonCodec codec;
};

Gateway::Gateway(const std::shared_ptr<grpc::Channel>& channel, MethodTable methods,
                 size_t calls_max)
    : impl_(std::make_unique<Impl>(channel, std::move(methods), calls_max)) {}
Gateway::~Gateway() = default;

bool Gateway::Serves(const std::string& path) const { return impl_->methods.Find(path) != nullptr; }

void Gateway::Handle(Request request, std::shared_ptr<Responder> out) {
  const Method* method = impl_->methods.Find(request.path);
  if (method == nullptr) return RespondError(*out, NotFound("no such method"));
  if (request.method == "GET") {
    if (!method->no_side_effects || method->server_streaming) {
      return RespondError(*out, InvalidArgument("this method is called by POST"),
                          {{"allow", "POST"}}, 405);
    }
    auto protocol = MakeConnectGet(*method, impl_->codec, request.query);
    if (!protocol.ok()) return RespondError(*out, protocol.status());
    return impl_->Call(*method, std::move(*protocol), std::move(request), std::move(out));
  }
  if (request.method != "POST") {
    return RespondError(*out, InvalidArgument("methods are called by POST"), {{"allow", "POST"}},
                        405);
  }
  auto protocol = ProtocolFor(MediaType(request), *method, impl_->codec);
  if (protocol == nullptr) {
    return RespondError(*out, InvalidArgument("content-type does not fit the method"),
                        {{"accept-post", method->server_streaming ? kStreamTypes : kUnaryTypes}},
                        415);
  }
  impl_->Call(*method, std::move(protocol), std::move(request), std::move(out));
}

void Gateway::Impl::Call(const Method& method, std::unique_ptr<RpcProtocol> protocol,
                         Request request, std::shared_ptr<Responder> out) {
  const auto refuse = [&protocol, &out](const Status& status) {
    protocol->End(*out, {status, {}});
  };
  if (method.client_streaming) return refuse(Unimplemented("client streaming needs native gRPC"));
  const auto metadata = RequestMetadata(request);
  if (!metadata.ok()) return refuse(metadata.status());
  auto timeout = RequestTimeout(request);
  if (!timeout.ok()) return refuse(timeout.status());
  if (!timeout->has_value() && !method.server_streaming) *timeout = kGatewayUnaryDeadline;
  auto message = protocol->ReadRequest(request);
  if (!message.ok()) return refuse(message.status());
  if (!counter->Enter()) return refuse(ResourceExhausted("too many calls, try again later"));
  const auto call =
      std::make_shared<GatewayCall>(method, std::move(protocol), std::move(out), counter);
  call->Start(stub, *metadata, *message, *timeout);
}

}  // namespace preseal::server::http
