// SPDX-License-Identifier: Apache-2.0
#include "agent/app/agent.h"
#include "agent/service/change_signal.h"
#include "common/base/limits.h"
#include "common/log/log.h"
#include "common/process/process.h"

namespace preseal::agent {
namespace {

// The last words of `argv`, if it fails.
Status RunToEnd(std::vector<std::string> argv) {
  process::Command command;
  command.argv = std::move(argv);
  command.environment = process::OwnEnvironment();
  std::string last;
  const auto on_line = [&last](process::Output, std::string_view line) {
    log::Info("power command says", {{"line", line}});
    last = line;
  };
  const auto ending = process::Run(command, on_line);
  RETURN_IF_ERROR(ending.status());
  if (ending->Succeeded()) return OkStatus();
  return FailedPrecondition("exit code " + std::to_string(ending->exit_code) +
                            (last.empty() ? "" : ": " + last));
}

int ExitCodeOf(const Status& status) {
  if (status.ok()) return 0;
  log::Error("the power-off command failed", {{"error", ToString(status)}});
  return 1;
}

}  // namespace

int RunPowerOff(const PowerOff& power_off) {
  switch (power_off.kind) {
    case PowerOff::Kind::kExit:
      return 0;
    case PowerOff::Kind::kPowerOff:
      return ExitCodeOf(RunToEnd({"systemctl", "poweroff"}));
    case PowerOff::Kind::kCommand:
      return ExitCodeOf(RunToEnd({"/bin/sh", "-c", power_off.command}));
  }
  return 1;
}

Status AskForRestart(const Restart& restart, std::stop_token stop) {
  switch (restart.kind) {
    case Restart::Kind::kExit:
      return OkStatus();
    case Restart::Kind::kCommand:
      return WithContext(RunToEnd({"/bin/sh", "-c", restart.command}), "restart command");
    case Restart::Kind::kReboot:
      break;
  }
  RETURN_IF_ERROR_CTX(RunToEnd({"systemctl", "reboot"}), "systemctl reboot");
  if (PauseUnlessStopped(kShutdownWithin, stop)) {
    return FailedPrecondition("the system has not gone down");
  }
  return OkStatus();
}

}  // namespace preseal::agent
