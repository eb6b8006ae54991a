// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "server/cli/completion.h"
#include "server/cli/terminal.h"

namespace preseal::server::cli {

// Parses the arguments (without the program's name), runs the one command they name, prints what it
// has to say and returns the exit code: 0, 1 or 2, see ExitCode. Catches every exception.
int RunCli(const std::vector<std::string>& arguments, const Terminal& terminal);

// The command tree as completion sees it.
CommandShape DescribeCommands();

}  // namespace preseal::server::cli
