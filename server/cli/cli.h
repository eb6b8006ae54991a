// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "common/status/status.h"
#include "server/cli/formatter.h"
#include "server/cli/report.h"
#include "server/cli/terminal.h"

namespace preseal::server::cli {

class Connection;

// How the command line ends; documented in --help.
enum class ExitCode {
  kOk = 0,
  kNo = 1,     // the answer is no: refused, failed, not found, not allowed
  kError = 2,  // wrong usage, or it could not be found out
};

// Options every command takes.
struct GlobalOptions {
  std::string server;      // --server, else PRESEAL_SERVER, else the session's
  std::string ca_file;     // --ca, else PRESEAL_CA, else the session's
  std::string token_file;  // --token-file, else PRESEAL_TOKEN, else the session's
  std::string output = "table";
  bool no_color = false;
};

// What every command works with. Not thread-safe.
class Cli {
 public:
  Cli(Terminal terminal, GlobalOptions options);

  const Terminal& terminal() const { return terminal_; }
  const GlobalOptions& options() const { return options_; }
  OutputFormat format() const { return format_; }

  // With the token that options, environment or session give, in this order. The session's token
  // and CA go only to the server they came from. InvalidArgument says what is missing.
  StatusOr<std::unique_ptr<Connection>> Connect() const;

  OutputStyle Style() const;
  // To standard output.
  void Print(const Report& report) const;
  void Print(std::string_view text) const;
  // A line to standard error.
  void Say(std::string_view line) const;

 private:
  Terminal terminal_;
  GlobalOptions options_;
  OutputFormat format_ = OutputFormat::kTable;
};

// A certificate bundle from a file. InvalidArgument or the file's own error, naming it.
StatusOr<std::string> ReadCaFile(const std::string& path);

// The exit code a failed command ends with.
ExitCode ExitCodeFor(const Status& status);

}  // namespace preseal::server::cli
