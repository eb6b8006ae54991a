// SPDX-License-Identifier: Apache-2.0
// Inside agent/adapters/diagnostics only: what the system says about itself.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

namespace preseal::agent {

struct FactCommand {
  std::string file;  // "facts/df.txt"
  std::vector<std::string> argv;
};

// The commands of a bundle. `target_root`: where the target is mounted.
std::vector<FactCommand> FactCommands(const std::string& target_root);

// Runs `command`, at most kFactTimeout. The end of what it printed, at most
// kDiagnosticsFactBytesMax bytes of it; why there is nothing, if there is nothing. Never fails: a
// fact that is missing is a fact.
inline constexpr std::chrono::seconds kFactTimeout{10};
std::string FactOf(const FactCommand& command, std::stop_token stop);

}  // namespace preseal::agent
