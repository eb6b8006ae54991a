// SPDX-License-Identifier: Apache-2.0
// Handlers that tell what reached them, for this folder's tests.
#pragma once

#include <string>

#include "preseal/auth/v1/auth.grpc.pb.h"
#include "preseal/fleet/v1/fleet.grpc.pb.h"
#include "server/adapters/http/web_fixture.h"

namespace preseal::server::http {

class FakeAuthService final : public preseal::auth::v1::AuthService::CallbackService {
 public:
  explicit FakeAuthService(Observed* observed) : observed_(observed) {}

  // `batches` is the request's metadata as "name=value"; `name` the authorization.
  grpc::ServerUnaryReactor* WhoAmI(grpc::CallbackServerContext* context,
                                   const preseal::auth::v1::WhoAmIRequest* request,
                                   preseal::auth::v1::Principal* response) override;
  // Sets two cookies and metadata that must not pass; returns the password as token.
  grpc::ServerUnaryReactor* Login(grpc::CallbackServerContext* context,
                                  const preseal::auth::v1::LoginRequest* request,
                                  preseal::auth::v1::LoginResponse* response) override;
  // Never answers; ends when cancelled.
  grpc::ServerUnaryReactor* Logout(grpc::CallbackServerContext* context,
                                   const preseal::auth::v1::LogoutRequest* request,
                                   preseal::auth::v1::LogoutResponse* response) override;
  // "7:text" fails with code 7 and that text, with a trailer "x-why".
  grpc::ServerUnaryReactor* RevokeApiToken(
      grpc::CallbackServerContext* context, const preseal::auth::v1::RevokeApiTokenRequest* request,
      preseal::auth::v1::RevokeApiTokenResponse* response) override;

 private:
  Observed* const observed_;
};

class FakeFleetService final : public preseal::fleet::v1::FleetService::CallbackService {
 public:
  explicit FakeFleetService(Observed* observed) : observed_(observed) {}

  // Echoes the name.
  grpc::ServerUnaryReactor* GetDevice(grpc::CallbackServerContext* context,
                                      const preseal::fleet::v1::GetDeviceRequest* request,
                                      preseal::fleet::v1::Device* response) override;
  // `batch` chooses: "count" sends `cursor` small messages and ends; "large" the same with
  // kFloodMessageBytes each; "fail" sends `cursor` and fails with ABORTED; "hang" sends one and
  // waits to be cancelled; "flood" sends large ones until cancelled.
  grpc::ServerWriteReactor<preseal::fleet::v1::WatchDevicesResponse>* WatchDevices(
      grpc::CallbackServerContext* context,
      const preseal::fleet::v1::WatchDevicesRequest* request) override;

 private:
  Observed* const observed_;
};

}  // namespace preseal::server::http
