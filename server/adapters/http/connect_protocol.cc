// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/connect_protocol.h"

#include <optional>
#include <string>
#include <utility>

#include "common/crypto/encoding.h"
#include "server/adapters/http/envelope.h"
#include "server/adapters/http/query.h"

namespace preseal::server::http {
namespace {

Status CheckContentEncoding(const Request& request, std::string_view header) {
  const std::string* encoding = FindHeader(request.headers, header);
  if (encoding == nullptr || *encoding == "identity") return OkStatus();
  return Unimplemented("compressed requests are not supported");
}

class ConnectUnary final : public RpcProtocol {
 public:
  // With `get_message` the request is that, not the body.
  ConnectUnary(const Method& method, Encoding encoding, std::optional<std::string> get_message)
      : method_(method), encoding_(encoding), get_message_(std::move(get_message)) {}

  StatusOr<std::string> ReadRequest(const Request& request) override {
    if (get_message_) return encoding_.Decode(method_, *get_message_);
    RETURN_IF_ERROR(CheckContentEncoding(request, "content-encoding"));
    return encoding_.Decode(method_, request.body);
  }

  void Begin(Responder&, Headers headers) override { headers_ = std::move(headers); }

  Status Message(Responder&, std::string_view binary) override {
    if (message_) return Internal("several responses to a unary call");
    ASSIGN_OR_RETURN(message_, encoding_.Encode(method_, binary));
    return OkStatus();
  }

  void End(Responder& out, const RpcEnd& end) override {
    Headers headers = std::move(headers_);
    for (const Header& trailer : end.trailers) {
      headers.push_back({"trailer-" + trailer.name, trailer.value});
    }
    if (!end.status.ok()) return RespondError(out, end.status, std::move(headers));
    if (!message_) return RespondError(out, Internal("no response to a unary call"));
    headers.push_back(
        {"content-type", encoding_.json != nullptr ? "application/json" : "application/proto"});
    headers.push_back({"cache-control", "no-store"});
    Respond(out, 200, std::move(headers), std::move(*message_));
  }

 private:
  const Method& method_;
  const Encoding encoding_;
  const std::optional<std::string> get_message_;
  Headers headers_;
  std::optional<std::string> message_;
};

class ConnectStream final : public RpcProtocol {
 public:
  ConnectStream(const Method& method, Encoding encoding) : method_(method), encoding_(encoding) {}

  StatusOr<std::string> ReadRequest(const Request& request) override {
    RETURN_IF_ERROR(CheckContentEncoding(request, "connect-content-encoding"));
    ASSIGN_OR_RETURN(const std::string_view message, OnlyMessage(request.body));
    return encoding_.Decode(method_, message);
  }

  void Begin(Responder& out, Headers headers) override {
    if (std::exchange(begun_, true)) return;
    headers.push_back({"content-type", encoding_.json != nullptr ? "application/connect+json"
                                                                 : "application/connect+proto"});
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
    out.Data(Chunk::Owned(MakeEnvelope(kConnectEndStream, EndStreamJson(end))));
    out.End();
  }

 private:
  const Method& method_;
  const Encoding encoding_;
  bool begun_ = false;
};

}  // namespace

std::unique_ptr<RpcProtocol> MakeConnectUnary(const Method& method, Encoding encoding) {
  return std::make_unique<ConnectUnary>(method, encoding, std::nullopt);
}

StatusOr<std::unique_ptr<RpcProtocol>> MakeConnectGet(const Method& method, const JsonCodec& codec,
                                                      const std::string& query) {
  ASSIGN_OR_RETURN(const Query parameters, ParseQuery(query));
  const auto get = [&parameters](const char* name) {
    const auto found = parameters.find(name);
    return found != parameters.end() ? found->second : std::string();
  };
  if (const std::string version = get("connect"); !version.empty() && version != "v1") {
    return InvalidArgument("query parameter 'connect' must be 'v1'");
  }
  const std::string encoding = get("encoding");
  if (encoding != "json" && encoding != "proto") {
    return InvalidArgument("query parameter 'encoding' must be 'json' or 'proto'");
  }
  if (parameters.count("message") == 0) return InvalidArgument("query parameter 'message' missing");
  if (const std::string compression = get("compression");
      !compression.empty() && compression != "identity") {
    return Unimplemented("compressed requests are not supported");
  }
  std::string message = get("message");
  if (get("base64") == "1") {
    message.erase(message.find_last_not_of('=') + 1);
    ASSIGN_OR_RETURN_CTX(const Bytes decoded, crypto::Base64UrlDecode(message),
                         "query parameter 'message'");
    message = ToString(decoded);
  }
  return std::unique_ptr<RpcProtocol>(std::make_unique<ConnectUnary>(
      method, Encoding{encoding == "json" ? &codec : nullptr}, std::move(message)));
}

std::unique_ptr<RpcProtocol> MakeConnectStream(const Method& method, Encoding encoding) {
  return std::make_unique<ConnectStream>(method, encoding);
}

}  // namespace preseal::server::http
