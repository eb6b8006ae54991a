// SPDX-License-Identifier: Apache-2.0
#include "agent/app/agent.h"
#include "common/log/log.h"
#include "common/process/process.h"

namespace preseal::agent {
namespace {

int RunToEnd(std::vector<std::string> argv) {
  process::Command command;
  command.argv = std::move(argv);
  command.environment = process::OwnEnvironment();
  const auto on_line = [](process::Output, std::string_view line) {
    log::Info("power-off command says", {{"line", line}});
  };
  const auto ending = process::Run(command, on_line);
  if (ending.ok() && ending->Succeeded()) return 0;
  log::Error("the power-off command failed",
             {{"error", ending.ok() ? "exit code " + std::to_string(ending->exit_code)
                                    : ToString(ending.status())}});
  return 1;
}

}  // namespace

int RunPowerOff(const PowerOff& power_off) {
  switch (power_off.kind) {
    case PowerOff::Kind::kExit:
      return 0;
    case PowerOff::Kind::kPowerOff:
      return RunToEnd({"systemctl", "poweroff"});
    case PowerOff::Kind::kCommand:
      return RunToEnd({"/bin/sh", "-c", power_off.command});
  }
  return 1;
}

}  // namespace preseal::agent
