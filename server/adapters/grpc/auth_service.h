// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "preseal/auth/v1/auth.grpc.pb.h"
#include "server/adapters/grpc/workers.h"
#include "server/service/accounts.h"

namespace preseal::server {

// preseal.auth.v1.AuthService; what each method does is said in the proto. Thread-safe.
class AuthService final : public auth::v1::AuthService::CallbackService {
 public:
  // `hashing` has few threads: each login takes 64 MiB for a tenth of a second.
  AuthService(Accounts& accounts, Workers& workers, Workers& hashing, std::string organisation)
      : accounts_(accounts),
        workers_(workers),
        hashing_(hashing),
        organisation_(std::move(organisation)) {}

  grpc::ServerUnaryReactor* Login(grpc::CallbackServerContext* context,
                                  const auth::v1::LoginRequest* request,
                                  auth::v1::LoginResponse* response) override;
  grpc::ServerUnaryReactor* Logout(grpc::CallbackServerContext* context,
                                   const auth::v1::LogoutRequest* request,
                                   auth::v1::LogoutResponse* response) override;
  grpc::ServerUnaryReactor* WhoAmI(grpc::CallbackServerContext* context,
                                   const auth::v1::WhoAmIRequest* request,
                                   auth::v1::Principal* response) override;
  grpc::ServerUnaryReactor* CreateApiToken(grpc::CallbackServerContext* context,
                                           const auth::v1::CreateApiTokenRequest* request,
                                           auth::v1::CreateApiTokenResponse* response) override;
  grpc::ServerUnaryReactor* ListApiTokens(grpc::CallbackServerContext* context,
                                          const auth::v1::ListApiTokensRequest* request,
                                          auth::v1::ListApiTokensResponse* response) override;
  grpc::ServerUnaryReactor* RevokeApiToken(grpc::CallbackServerContext* context,
                                           const auth::v1::RevokeApiTokenRequest* request,
                                           auth::v1::RevokeApiTokenResponse* response) override;

 private:
  void FillPrincipal(const Principal& principal, auth::v1::Principal* out) const;

  Accounts& accounts_;
  Workers& workers_;
  Workers& hashing_;
  const std::string organisation_;
};

}  // namespace preseal::server
