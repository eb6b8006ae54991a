// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/grpcweb_protocol.h"

#include <fmt/format.h>

#include <utility>

#include "server/adapters/http/envelope.h"

namespace preseal::server::http {
namespace {

// "gRPC over HTTP2", section "Responses": printable ASCII but '%' as it is, the rest as %XX.
std::string PercentEncode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte <= 0x7e && c != '%') {
      encoded.push_back(c);
    } else {
      encoded += fmt::format("%{:02X}", byte);
    }
  }
  return encoded;
}

class GrpcWeb final : public RpcProtocol {
 public:
  GrpcWeb(const Method& method, Encoding encoding, std::string content_type)
      : method_(method), encoding_(encoding), content_type_(std::move(content_type)) {}

  StatusOr<std::string> ReadRequest(const Request& request) override {
    ASSIGN_OR_RETURN(const std::string_view message, OnlyMessage(request.body));
    return encoding_.Decode(method_, message);
  }

  void Begin(Responder& out, Headers headers) override {
    if (std::exchange(begun_, true)) return;
    headers.push_back({"content-type", content_type_});
    headers.push_back({"cache-control", "no-store"});
    out.Head(200, std::move(headers));
  }

  Status Message(Responder& out, std::string_view binary) override {
    ASSIGN_OR_RETURN(const std::string message, encoding_.Encode(method_, binary));
    out.Data(Chunk::Owned(MakeEnvelope(0, message)));
    return OkStatus();
  }

  void End(Responder& out, const RpcEnd& end) override {
    Begin(out, {});
    std::string lines = fmt::format("grpc-status: {}\r\n", static_cast<int>(end.status.code()));
    if (const std::string message = MessageOf(end.status); !message.empty()) {
      lines += fmt::format("grpc-message: {}\r\n", PercentEncode(message));
    }
    for (const Header& trailer : end.trailers) {
      lines += fmt::format("{}: {}\r\n", trailer.name, trailer.value);
    }
    out.Data(Chunk::Owned(MakeEnvelope(kGrpcWebTrailers, lines)));
    out.End();
  }

 private:
  const Method& method_;
  const Encoding encoding_;
  const std::string content_type_;
  bool begun_ = false;
};

}  // namespace

std::unique_ptr<RpcProtocol> MakeGrpcWeb(const Method& method, Encoding encoding,
                                         std::string content_type) {
  return std::make_unique<GrpcWeb>(method, encoding, std::move(content_type));
}

}  // namespace preseal::server::http
