// SPDX-License-Identifier: Apache-2.0
// login, logout, whoami.
#include <fmt/format.h>

#include <iostream>

#include "common/base/limits.h"
#include "preseal/auth/v1/auth.grpc.pb.h"
#include "server/cli/commands.h"
#include "server/cli/connection.h"
#include "server/cli/session_file.h"
#include "server/cli/views.h"

namespace preseal::server::cli {
namespace {

using Auth = auth_v1::AuthService::Stub;

StatusOr<std::string> FirstPassword(const Cli& cli, const LoginOptions& options) {
  StatusOr<Secret> secret = options.password_stdin ? ReadSecretLine(*cli.terminal().in)
                                                   : cli.terminal().ask_secret("Password: ");
  RETURN_IF_ERROR(secret.status());
  return ToString(secret->Reveal());
}

// The new password in place of a one-time one, asked for twice.
StatusOr<std::string> NewPassword(const Cli& cli, const LoginOptions& options) {
  if (options.new_password_stdin) {
    ASSIGN_OR_RETURN(const Secret secret, ReadSecretLine(*cli.terminal().in));
    return ToString(secret.Reveal());
  }
  cli.Say("This password works once. Choose your own now.");
  ASSIGN_OR_RETURN(const Secret first,
                   cli.terminal().ask_secret(
                       fmt::format("New password (at least {} characters): ", kPasswordBytesMin)));
  if (first.Reveal().size() < kPasswordBytesMin) {
    return InvalidArgument(
        fmt::format("the new password must have at least {} characters", kPasswordBytesMin));
  }
  ASSIGN_OR_RETURN(const Secret second, cli.terminal().ask_secret("New password again: "));
  if (!ConstantTimeEqual(first.Reveal(), second.Reveal())) {
    return InvalidArgument("the two new passwords are not the same");
  }
  return ToString(first.Reveal());
}

StatusOr<ConnectionOptions> LoginTarget(const Cli& cli, const LoginOptions& options) {
  ConnectionOptions target;
  std::string server = options.server.empty() ? cli.options().server : options.server;
  if (server.empty()) server = cli.terminal().environment("PRESEAL_SERVER").value_or("");
  if (server.empty()) return InvalidArgument("which server? preseal login host:port");
  ASSIGN_OR_RETURN(target.endpoint, ParseEndpoint(server));
  std::string ca_file = cli.options().ca_file;
  if (ca_file.empty()) ca_file = cli.terminal().environment("PRESEAL_CA").value_or("");
  if (!ca_file.empty()) {
    ASSIGN_OR_RETURN(target.ca_pem, ReadCaFile(ca_file));
    return target;
  }
  // Logging in again: the CA pinned the first time.
  if (const auto path = SessionPath(cli.terminal()); path.ok()) {
    const StatusOr<Session> session = LoadSession(*path);
    if (session.ok() && session->server == target.endpoint.ToString()) {
      target.ca_pem = session->ca_pem;
      return target;
    }
  }
  return InvalidArgument("say --ca FILE: the certificate of the CA that issued the server's");
}

StatusOr<auth_v1::LoginResponse> LogIn(const Cli& cli, const LoginOptions& options,
                                       const Connection& connection) {
  auth_v1::LoginRequest request;
  request.set_transport(auth_v1::LoginRequest::TRANSPORT_BEARER);
  request.set_username(options.user);
  ASSIGN_OR_RETURN(*request.mutable_password(), FirstPassword(cli, options));
  StatusOr<auth_v1::LoginResponse> response = connection.Call(&Auth::Login, request);
  if (response.status().code() != StatusCode::kFailedPrecondition) return response;
  ASSIGN_OR_RETURN(*request.mutable_new_password(), NewPassword(cli, options));
  return connection.Call(&Auth::Login, request);
}

}  // namespace

StatusOr<ExitCode> Login(const Cli& cli, const LoginOptions& options) {
  ASSIGN_OR_RETURN(ConnectionOptions target, LoginTarget(cli, options));
  ASSIGN_OR_RETURN(const std::string path, SessionPath(cli.terminal()));
  const Connection connection(target);
  const StatusOr<auth_v1::LoginResponse> response = LogIn(cli, options, connection);
  if (response.status().code() == StatusCode::kUnauthenticated) {
    cli.Say("preseal: wrong name or password");
    return ExitCode::kNo;
  }
  RETURN_IF_ERROR(response.status());
  const std::string server = target.endpoint.ToString();
  RETURN_IF_ERROR(SaveSession(path, {server, target.ca_pem, response->token(), options.user,
                                     TimeText(response->expire_time())}));
  cli.Print(PrincipalReport(response->principal(), server));
  return ExitCode::kOk;
}

StatusOr<ExitCode> Logout(const Cli& cli) {
  ASSIGN_OR_RETURN(const std::string path, SessionPath(cli.terminal()));
  const StatusOr<Session> session = LoadSession(path);
  if (session.status().code() == StatusCode::kNotFound) return ExitCode::kOk;
  Status ended = session.status();
  if (session.ok()) {
    ASSIGN_OR_RETURN(const Endpoint endpoint, ParseEndpoint(session->server));
    const Connection connection({endpoint, session->ca_pem, session->token});
    ended = connection.Call(&Auth::Logout, auth_v1::LogoutRequest()).status();
    // An ended session is what was asked for.
    if (ended.code() == StatusCode::kUnauthenticated) ended = OkStatus();
  }
  // Even if the server cannot be told: this machine must not keep the token.
  RETURN_IF_ERROR(RemoveSession(path));
  RETURN_IF_ERROR_CTX(ended, "logged out here, but the server was not told");
  return ExitCode::kOk;
}

StatusOr<ExitCode> WhoAmI(const Cli& cli) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  ASSIGN_OR_RETURN(const auth_v1::Principal principal,
                   connection->Call(&Auth::WhoAmI, auth_v1::WhoAmIRequest()));
  cli.Print(PrincipalReport(principal, connection->endpoint().ToString()));
  return ExitCode::kOk;
}

}  // namespace preseal::server::cli
