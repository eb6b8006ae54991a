// SPDX-License-Identifier: Apache-2.0
#include "server/cli/cli.h"

#include <algorithm>
#include <iostream>
#include <utility>

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/crypto/certificate.h"
#include "common/files/files.h"
#include "server/cli/connection.h"
#include "server/cli/input_file.h"
#include "server/cli/session_file.h"

namespace preseal::server::cli {
namespace {

bool IsUtf8(const Terminal& terminal) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const auto value = terminal.environment(name);
    if (!value) continue;
    std::string folded = *value;
    std::transform(folded.begin(), folded.end(), folded.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return folded.find("utf-8") != std::string::npos || folded.find("utf8") != std::string::npos;
  }
  return false;
}

constexpr size_t kTokenFileBytesMax = 4096;  // so that a wrong file is not read whole

StatusOr<std::string> ReadTokenFile(const std::string& path) {
  const StatusOr<Bytes> bytes = files::Read(path, kTokenFileBytesMax);
  if (!bytes.ok()) return AsUsage(bytes.status());
  std::string token = ToString(ByteView(*bytes));
  token.erase(token.find_last_not_of(" \t\r\n") + 1);
  // Goes into a header line: anything else could only be a wrong file.
  const bool printable =
      std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (token.empty() || !printable) return InvalidArgument(path + " holds no token");
  return token;
}

}  // namespace

Cli::Cli(Terminal terminal, GlobalOptions options)
    : terminal_(std::move(terminal)), options_(std::move(options)) {
  // The command tree admits no other name.
  if (const auto format = ParseOutputFormat(options_.output); format.ok()) format_ = *format;
}

StatusOr<std::unique_ptr<Connection>> Cli::Connect() const {
  Session session;
  if (const auto path = SessionPath(terminal_); path.ok()) {
    StatusOr<Session> loaded = LoadSession(*path);
    if (loaded.ok()) {
      session = std::move(loaded).value();
    } else if (loaded.status().code() != StatusCode::kNotFound) {
      return loaded.status();
    }
  }
  std::string server = options_.server;
  if (server.empty()) server = terminal_.environment("PRESEAL_SERVER").value_or(session.server);
  if (server.empty()) {
    return InvalidArgument("no server: run preseal login, or say --server host:port");
  }
  ConnectionOptions connection;
  ASSIGN_OR_RETURN(connection.endpoint, ParseEndpoint(server));
  const bool is_session_server = connection.endpoint.ToString() == session.server;

  std::string ca_file = options_.ca_file;
  if (ca_file.empty()) ca_file = terminal_.environment("PRESEAL_CA").value_or("");
  if (!ca_file.empty()) {
    ASSIGN_OR_RETURN(connection.ca_pem, ReadCaFile(ca_file));
  } else if (is_session_server) {
    connection.ca_pem = session.ca_pem;
  } else {
    return InvalidArgument("no CA for " + connection.endpoint.ToString() + ": say --ca FILE");
  }

  if (!options_.token_file.empty()) {
    ASSIGN_OR_RETURN(connection.token, ReadTokenFile(options_.token_file));
  } else if (const auto token = terminal_.environment("PRESEAL_TOKEN")) {
    connection.token = *token;
  } else if (is_session_server) {
    connection.token = session.token;
  }
  return std::make_unique<Connection>(std::move(connection));
}

OutputStyle Cli::Style() const {
  OutputStyle style;
  // https://no-color.org: present and not empty, whatever it says.
  style.colour = terminal_.out_is_terminal && !options_.no_color &&
                 !terminal_.environment("NO_COLOR") && terminal_.environment("TERM") != "dumb";
  style.unicode = IsUtf8(terminal_);
  return style;
}

void Cli::Print(const Report& report) const {
  Print(MakeFormatter(format_, Style())->Format(report));
}

void Cli::Print(std::string_view text) const { *terminal_.out << text << std::flush; }

void Cli::Say(std::string_view line) const {
  *terminal_.err << EscapeForLog(line, kEventTextBytesMax) << "\n" << std::flush;
}

StatusOr<std::string> ReadCaFile(const std::string& path) {
  const StatusOr<Bytes> bytes = files::Read(path, kConfigBytesMax);
  if (!bytes.ok()) return AsUsage(bytes.status());
  std::string pem = ToString(ByteView(*bytes));
  RETURN_IF_ERROR_CTX(crypto::ParsePemBundle(pem).status(), path);
  return pem;
}

ExitCode ExitCodeFor(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return ExitCode::kOk;
    case StatusCode::kNotFound:
    case StatusCode::kFailedPrecondition:
    case StatusCode::kPermissionDenied:
    case StatusCode::kAlreadyExists:
      return ExitCode::kNo;
    default:
      return ExitCode::kError;
  }
}

}  // namespace preseal::server::cli
