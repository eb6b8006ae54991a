// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/auth_service.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "common/base/limits.h"
#include "server/adapters/grpc/caller.h"
#include "server/adapters/grpc/convert.h"
#include "server/adapters/grpc/resource_names.h"

namespace preseal::server {
namespace {

namespace av1 = auth::v1;

// __Host-: only over HTTPS, only for this host, not for a path of it.
constexpr std::string_view kCookieAttributes = "Secure; HttpOnly; SameSite=Strict; Path=/";
constexpr std::string_view kCookieName = "__Host-preseal";

std::string SessionCookie(std::string_view token) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(kSessionLife).count();
  return fmt::format("{}={}; Max-Age={}; {}", kCookieName, token, seconds, kCookieAttributes);
}

std::string ClearedCookie() {
  return fmt::format("{}=; Max-Age=0; {}", kCookieName, kCookieAttributes);
}

StatusOr<Role> ToDomain(av1::Role role) {
  const int value = static_cast<int>(role);
  if (value >= static_cast<int>(Role::kOperator) && value <= static_cast<int>(Role::kAuditor)) {
    return static_cast<Role>(value);
  }
  return InvalidArgument("role must be one of operator, lead, admin, reseller, auditor");
}

void FillToken(const ApiToken& token, av1::ApiToken* out) {
  out->set_name(NameOfToken(token.token_id));
  out->set_display_name(token.display_name);
  out->set_role(static_cast<av1::Role>(token.role));
  for (const BatchId& batch : token.batches) out->add_batches(NameOfBatch(batch));
  SetTime(token.create_time, out->mutable_create_time());
  SetTime(token.expire_time, out->mutable_expire_time());
  if (token.last_use_time) SetTime(*token.last_use_time, out->mutable_last_use_time());
}

}  // namespace

void AuthService::FillPrincipal(const Principal& principal, av1::Principal* out) const {
  out->set_name(principal.name);
  out->set_role(static_cast<av1::Role>(principal.role));
  for (const BatchId& batch : principal.batches) out->add_batches(NameOfBatch(batch));
  out->set_organisation(organisation_);
}

grpc::ServerUnaryReactor* AuthService::Login(grpc::CallbackServerContext* context,
                                             const av1::LoginRequest* request,
                                             av1::LoginResponse* response) {
  return hashing_.Serve(context, [this, context, request, response]() -> Status {
    ASSIGN_OR_RETURN(const auto grant,
                     accounts_.Login(request->username(), Secret(request->password()),
                                     Secret(request->new_password())));
    if (request->transport() == av1::LoginRequest::TRANSPORT_COOKIE) {
      // Scripts of the page never see the token: it is not in the body.
      context->AddInitialMetadata("set-cookie", SessionCookie(grant.token));
    } else {
      response->set_token(grant.token);
    }
    FillPrincipal(grant.principal, response->mutable_principal());
    SetTime(grant.expire_time, response->mutable_expire_time());
    return OkStatus();
  });
}

grpc::ServerUnaryReactor* AuthService::Logout(grpc::CallbackServerContext* context,
                                              const av1::LogoutRequest*, av1::LogoutResponse*) {
  return workers_.Serve(context, [this, context]() -> Status {
    const std::string bearer = BearerOf(*context);
    RETURN_IF_ERROR(accounts_.Resolve(bearer).status());
    context->AddInitialMetadata("set-cookie", ClearedCookie());
    return accounts_.Logout(bearer);
  });
}

grpc::ServerUnaryReactor* AuthService::WhoAmI(grpc::CallbackServerContext* context,
                                              const av1::WhoAmIRequest*, av1::Principal* response) {
  return workers_.Serve(context, [this, context, response]() -> Status {
    ASSIGN_OR_RETURN(const Principal principal, accounts_.Resolve(BearerOf(*context)));
    FillPrincipal(principal, response);
    return OkStatus();
  });
}

grpc::ServerUnaryReactor* AuthService::CreateApiToken(grpc::CallbackServerContext* context,
                                                      const av1::CreateApiTokenRequest* request,
                                                      av1::CreateApiTokenResponse* response) {
  return workers_.Serve(context, [this, context, request, response]() -> Status {
    ASSIGN_OR_RETURN(const Principal actor, Authorise(*context, accounts_, Right::kManageTokens));
    ASSIGN_OR_RETURN(const Role role, ToDomain(request->role()));
    std::vector<BatchId> batches;
    for (const std::string& name : request->batches()) {
      ASSIGN_OR_RETURN(BatchId batch, ParseBatchName(name));
      batches.push_back(std::move(batch));
    }
    ASSIGN_OR_RETURN(const auto made,
                     accounts_.CreateToken(actor, request->display_name(), role, std::move(batches),
                                           ToWallTime(request->expire_time())));
    FillToken(made.token, response->mutable_api_token());
    response->set_secret(made.secret);
    return OkStatus();
  });
}

grpc::ServerUnaryReactor* AuthService::ListApiTokens(grpc::CallbackServerContext* context,
                                                     const av1::ListApiTokensRequest*,
                                                     av1::ListApiTokensResponse* response) {
  return workers_.Serve(context, [this, context, response]() -> Status {
    RETURN_IF_ERROR(Authorise(*context, accounts_, Right::kManageTokens).status());
    ASSIGN_OR_RETURN(const auto tokens, accounts_.ListTokens());
    for (const ApiToken& token : tokens) {
      if (!token.revoked) FillToken(token, response->add_api_tokens());
    }
    return OkStatus();
  });
}

grpc::ServerUnaryReactor* AuthService::RevokeApiToken(grpc::CallbackServerContext* context,
                                                      const av1::RevokeApiTokenRequest* request,
                                                      av1::RevokeApiTokenResponse*) {
  return workers_.Serve(context, [this, context, request]() -> Status {
    ASSIGN_OR_RETURN(const Principal actor, Authorise(*context, accounts_, Right::kManageTokens));
    ASSIGN_OR_RETURN(const std::string id, ParseTokenName(request->name()));
    return accounts_.RevokeToken(actor, id);
  });
}

}  // namespace preseal::server
