// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <string>
#include <vector>

#include "server/cli/command_tree.h"

int main(int argc, char** argv) {
  // gRPC's own lines say nothing that our messages do not; a person may still ask for them.
  setenv("GRPC_VERBOSITY", "NONE", /*replace=*/0);
  return preseal::server::cli::RunCli(std::vector<std::string>(argv + 1, argv + argc),
                                      preseal::server::cli::ProcessTerminal());
}
