// SPDX-License-Identifier: Apache-2.0
// tokens create, tokens list, tokens revoke.
#include <fmt/format.h>

#include "preseal/auth/v1/auth.grpc.pb.h"
#include "server/cli/commands.h"
#include "server/cli/connection.h"
#include "server/cli/names.h"
#include "server/cli/views.h"

namespace preseal::server::cli {
namespace {

using Auth = auth_v1::AuthService::Stub;

StatusOr<auth_v1::Role> ParseRole(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  auth_v1::Role role = auth_v1::ROLE_UNSPECIFIED;
  if (!auth_v1::Role_Parse("ROLE_" + text, &role) || role == auth_v1::ROLE_UNSPECIFIED) {
    return InvalidArgument("a role is operator, lead, admin, reseller or auditor");
  }
  return role;
}

}  // namespace

StatusOr<ExitCode> CreateToken(const Cli& cli, const CreateTokenOptions& options) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  auth_v1::CreateApiTokenRequest request;
  request.set_display_name(options.display_name);
  ASSIGN_OR_RETURN(const auth_v1::Role role, ParseRole(options.role));
  request.set_role(role);
  for (const std::string& batch : options.batches) {
    ASSIGN_OR_RETURN(*request.add_batches(), BatchName(batch));
  }
  const auto expiry = std::chrono::system_clock::now() + options.life;
  request.mutable_expire_time()->set_seconds(
      std::chrono::duration_cast<std::chrono::seconds>(expiry.time_since_epoch()).count());
  ASSIGN_OR_RETURN(const auto created, connection->Call(&Auth::CreateApiToken, request));
  if (cli.format() == OutputFormat::kJson) {
    Report report;
    report.json = ToJson(created);
    cli.Print(report);
    return ExitCode::kOk;
  }
  // The secret alone on standard output, so that a script can keep it without cutting text.
  cli.Say(
      fmt::format("token {}, valid until {}; it is shown once:", IdOf(created.api_token().name()),
                  TimeText(created.api_token().expire_time())));
  cli.Print(created.secret() + "\n");
  return ExitCode::kOk;
}

StatusOr<ExitCode> ListTokens(const Cli& cli) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  ASSIGN_OR_RETURN(const auto tokens,
                   connection->Call(&Auth::ListApiTokens, auth_v1::ListApiTokensRequest()));
  cli.Print(TokensReport(tokens));
  return ExitCode::kOk;
}

StatusOr<ExitCode> RevokeToken(const Cli& cli, const std::string& token) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  auth_v1::RevokeApiTokenRequest request;
  request.set_name(token.starts_with("apiTokens/") ? token : "apiTokens/" + token);
  RETURN_IF_ERROR(connection->Call(&Auth::RevokeApiToken, request).status());
  return ExitCode::kOk;
}

}  // namespace preseal::server::cli
