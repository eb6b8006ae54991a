// SPDX-License-Identifier: Apache-2.0
// Shell completion from a description of the command tree. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"

namespace preseal::server::cli {

struct OptionShape {
  std::string long_name;   // without dashes
  std::string short_name;  // one letter, may be empty
  std::string help;
  bool takes_value = false;
  bool is_file = false;              // the value names a file
  std::vector<std::string> choices;  // the value is one of these, if any
};

struct CommandShape {
  std::string name;
  std::string help;
  std::vector<OptionShape> options;
  std::vector<std::string> choices;  // of the first argument
  bool takes_file = false;           // an argument names a file
  std::vector<CommandShape> commands;
};

// A script to be sourced by `shell`: "bash", "zsh" or "fish", else InvalidArgument. Options of the
// root are offered everywhere.
StatusOr<std::string> CompletionScript(const CommandShape& root, std::string_view shell);

}  // namespace preseal::server::cli
