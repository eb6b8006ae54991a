// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/fake_services.h"

#include <atomic>
#include <charconv>
#include <limits>
#include <string_view>
#include <utility>

namespace preseal::server::http {
namespace {

namespace auth = preseal::auth::v1;
namespace fleet = preseal::fleet::v1;

std::string Text(const grpc::string_ref& text) { return std::string(text.data(), text.size()); }

class WaitForCancel final : public grpc::ServerUnaryReactor {
 public:
  explicit WaitForCancel(Observed* observed) : observed_(observed) {}

 private:
  void OnCancel() override {
    observed_->NoteCancelled();
    Finish(grpc::Status(grpc::StatusCode::CANCELLED, ""));
  }
  void OnDone() override { delete this; }
  Observed* const observed_;
};

class Watch final : public grpc::ServerWriteReactor<fleet::WatchDevicesResponse> {
 public:
  Watch(Observed* observed, const fleet::WatchDevicesRequest& request)
      : observed_(observed), request_(request) {
    const bool endless = request.batch() == "flood";
    const bool one = request.batch() == "hang";
    total_ = endless ? std::numeric_limits<uint64_t>::max() : one ? 1 : request.cursor();
    if (endless || request.batch() == "large") {
      message_.add_devices()->set_name(std::string(kFloodMessageBytes, 'x'));
    }
    Next();
  }

 private:
  void OnWriteDone(bool ok) override {
    if (!ok) return End(grpc::Status(grpc::StatusCode::CANCELLED, "write failed"));
    observed_->NoteWritten();
    Next();
  }
  void OnCancel() override {
    observed_->NoteCancelled();
    if (request_.batch() == "hang") End(grpc::Status(grpc::StatusCode::CANCELLED, ""));
  }
  void OnDone() override { delete this; }

  void Next() {
    if (sent_ < total_) {
      message_.set_cursor(++sent_);
      return StartWrite(&message_);
    }
    if (request_.batch() == "hang") return;
    End(request_.batch() == "fail" ? grpc::Status(grpc::StatusCode::ABORTED, "broken midway")
                                   : grpc::Status::OK);
  }
  void End(const grpc::Status& status) {
    if (!ended_.exchange(true)) Finish(status);
  }

  Observed* const observed_;
  const fleet::WatchDevicesRequest request_;
  fleet::WatchDevicesResponse message_;
  uint64_t total_ = 0;
  uint64_t sent_ = 0;
  std::atomic<bool> ended_ = false;
};

grpc::ServerUnaryReactor* Done(grpc::CallbackServerContext* context, const grpc::Status& status) {
  auto* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

}  // namespace

grpc::ServerUnaryReactor* FakeAuthService::WhoAmI(grpc::CallbackServerContext* context,
                                                  const auth::WhoAmIRequest*,
                                                  auth::Principal* response) {
  for (const auto& [name, value] : context->client_metadata()) {
    if (Text(name) == "authorization") response->set_name(Text(value));
    response->add_batches(Text(name) + "=" + Text(value));
  }
  return Done(context, grpc::Status::OK);
}

grpc::ServerUnaryReactor* FakeAuthService::Login(grpc::CallbackServerContext* context,
                                                 const auth::LoginRequest* request,
                                                 auth::LoginResponse* response) {
  context->AddInitialMetadata("set-cookie", "__Host-preseal=abc; Secure; HttpOnly; Path=/");
  context->AddInitialMetadata("set-cookie", "second=1; Secure");
  context->AddInitialMetadata("x-internal", "must not leave");
  response->set_token(request->password());
  return Done(context, grpc::Status::OK);
}

grpc::ServerUnaryReactor* FakeAuthService::Logout(grpc::CallbackServerContext*,
                                                  const auth::LogoutRequest*,
                                                  auth::LogoutResponse*) {
  return new WaitForCancel(observed_);
}

grpc::ServerUnaryReactor* FakeAuthService::RevokeApiToken(
    grpc::CallbackServerContext* context, const auth::RevokeApiTokenRequest* request,
    auth::RevokeApiTokenResponse*) {
  const std::string& name = request->name();
  int code = 0;
  const char* const end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data(), end, code);
  const std::string text = parsed.ptr < end ? std::string(parsed.ptr + 1, end) : "";
  context->AddTrailingMetadata("x-why", "because");
  return Done(context, grpc::Status(static_cast<grpc::StatusCode>(code), text));
}

grpc::ServerUnaryReactor* FakeFleetService::GetDevice(grpc::CallbackServerContext* context,
                                                      const fleet::GetDeviceRequest* request,
                                                      fleet::Device* response) {
  response->set_name(request->name());
  return Done(context, grpc::Status::OK);
}

grpc::ServerWriteReactor<fleet::WatchDevicesResponse>* FakeFleetService::WatchDevices(
    grpc::CallbackServerContext*, const fleet::WatchDevicesRequest* request) {
  return new Watch(observed_, *request);
}

}  // namespace preseal::server::http
