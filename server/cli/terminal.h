// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/secret.h"
#include "common/status/status.h"

namespace preseal::server::cli {

// What the command line reads and writes, so that tests can stand in for a person. Not thread-safe.
struct Terminal {
  std::istream* in = nullptr;
  std::ostream* out = nullptr;
  std::ostream* err = nullptr;
  bool in_is_terminal = false;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  std::function<std::optional<std::string>(const char*)> environment;  // absent if unset or empty
  // {columns, rows} of the output now.
  std::function<std::pair<size_t, size_t>()> size;
  // Asks on the terminal without echo. InvalidArgument if there is no terminal to ask on.
  std::function<StatusOr<Secret>(std::string_view prompt)> ask_secret;
};

// The process's own streams and environment.
Terminal ProcessTerminal();

// A line of `in` without its end, as a secret. InvalidArgument at the end of
// input and if longer than kPasswordBytesMax.
StatusOr<Secret> ReadSecretLine(std::istream& in);

// True if the person types y or yes. InvalidArgument if input is no terminal: a script must say
// --yes.
StatusOr<bool> Confirm(const Terminal& terminal, std::string_view question);

}  // namespace preseal::server::cli
