// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/steps/script_step.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>

#include "agent/adapters/steps/output_filter.h"
#include "agent/adapters/steps/results.h"
#include "agent/adapters/steps/sealed_script.h"
#include "agent/adapters/steps/user_account.h"
#include "common/base/limits.h"
#include "common/files/files.h"

namespace preseal::agent::steps {
namespace {

// One of its own for every command, so that ending what this one left behind ends nothing else.
std::string NextCommandMark() {
  static std::atomic<uint64_t> last{0};
  return fmt::format("PRESEAL_COMMAND={}.{}", ::getpid(), ++last);
}

// As the agent itself, in the target root.
process::Command CommandFor(const CommandSettings& settings, const Step& step,
                            std::vector<std::string> argv, std::chrono::milliseconds timeout) {
  process::Command command;
  command.argv = std::move(argv);
  command.environment = EnvironmentFor(settings, step);
  command.working_directory = settings.target_root;
  // 0 would mean no limit.
  command.timeout = std::max(timeout, std::chrono::milliseconds(1));
  command.ends_descendants = true;
  return command;
}

StatusOr<CommandEnd> RunToEnd(process::Command command, StepObserver& observer,
                              std::stop_token stop) {
  const std::string mark = NextCommandMark();
  command.environment.push_back(mark);
  OutputFilter filter(observer);
  const auto on_line = [&filter](process::Output from, std::string_view line) {
    filter.Take(from, line);
  };
  auto ending = process::Run(command, on_line, stop);
  // All that descends from it is gone, unless it killed the process that saw to that.
  RETURN_IF_ERROR(process::KillMarked(mark, kLeftoverKillWithin).status());
  RETURN_IF_ERROR(ending.status());
  return CommandEnd{*ending, filter.last_line()};
}

}  // namespace

std::vector<std::string> EnvironmentFor(const CommandSettings& settings, const Step& step) {
  std::vector<std::string> environment = process::MinimalEnvironment();
  environment.push_back("DEBIAN_FRONTEND=noninteractive");
  environment.push_back("PRESEAL_TARGET_ROOT=" + settings.target_root);
  environment.push_back("PRESEAL_ITEM=" + step.item_id);
  const std::string name = settings.device_name ? settings.device_name() : std::string();
  if (!name.empty()) environment.push_back("PRESEAL_DEVICE_NAME=" + name);
  const std::string user = settings.user ? settings.user() : std::string();
  if (!user.empty()) environment.push_back("PRESEAL_USER=" + user);
  if (settings.metered) environment.push_back("PRESEAL_METERED=1");
  for (const StepInput& input : step.inputs) {
    environment.push_back("PRESEAL_INPUT_" + input.name + "=" + input.value);
  }
  environment.push_back(settings.marker);
  return environment;
}

StatusOr<CommandEnd> RunCommand(const CommandSettings& settings, const Step& step,
                                std::vector<std::string> argv, std::chrono::milliseconds timeout,
                                StepObserver& observer, std::stop_token stop) {
  return RunToEnd(CommandFor(settings, step, std::move(argv), timeout), observer, stop);
}

// Through a file, because one argument may have at most 128 KiB.
StatusOr<CommandEnd> ScriptSteps::RunScript(const Step& step, std::string_view part,
                                            const std::string& text,
                                            std::chrono::milliseconds timeout,
                                            StepObserver& observer, std::stop_token stop) {
  if (step.user_context) return RunAsUser(step, text, timeout, observer, stop);
  const std::string path =
      fmt::format("{}/{}-{}.sh", settings_.scratch_directory, step.item_id, part);
  RETURN_IF_ERROR(files::WriteAtomic(path, AsBytes(text), 0600));
  auto ending = RunCommand(settings_, step, {"/bin/sh", path}, timeout, observer, stop);
  // It may hold a secret of the profile.
  RETURN_IF_ERROR(files::RemoveTree(path));
  return ending;
}

// The scratch folder is the agent's alone, and has to stay so.
StatusOr<CommandEnd> ScriptSteps::RunAsUser(const Step& step, const std::string& text,
                                            std::chrono::milliseconds timeout,
                                            StepObserver& observer, std::stop_token stop) {
  ASSIGN_OR_RETURN(const UserAccount user,
                   FindUserAccount(target_, settings_.user ? settings_.user() : std::string()));
  ASSIGN_OR_RETURN(const UniqueFd script, SealScript(text));
  process::Command command = CommandFor(settings_, step, {"/bin/sh", kSealedScriptPath}, timeout);
  command.account = user.account;
  command.environment = InEnvironmentOf(user, std::move(command.environment));
  command.working_directory = user.home;
  command.extra_descriptor = script.get();
  return RunToEnd(std::move(command), observer, stop);
}

StepResult ScriptSteps::Requires(const Step& step, StepObserver& observer, std::stop_token stop) {
  if (step.requires_script.empty()) return Done();
  const auto end =
      RunScript(step, "requires", step.requires_script, kRequiresTimeout, observer, stop);
  return end.ok() ? FromRequiresEnding(*end) : FromStartStatus(end.status());
}

StepResult ScriptSteps::Revert(const Step& step, StepObserver& observer, std::stop_token stop) {
  if (step.undo != Undo::kCommand) return Done();
  const auto end = RunScript(step, "undo", step.undo_command, step.timeout, observer, stop);
  return end.ok() ? FromUndoEnding(*end) : FromStartStatus(end.status());
}

StepResult ScriptSteps::Detect(const Step& step, const ScriptStep& script, StepObserver& observer,
                               std::stop_token stop) {
  if (script.detect.empty()) return NotInPlace("the step has no detect");
  const auto ending = RunScript(step, "detect", script.detect, step.timeout, observer, stop);
  return ending.ok() ? FromCheckEnding("detect", ending->ending) : FromStartStatus(ending.status());
}

StepResult ScriptSteps::Apply(const Step& step, const ScriptStep& script, StepObserver& observer,
                              std::stop_token stop) {
  const auto ending = RunScript(step, "apply", script.apply, step.timeout, observer, stop);
  return ending.ok() ? FromEnding(step, "apply", *ending) : FromStartStatus(ending.status());
}

StepResult ScriptSteps::Verify(const Step& step, const ScriptStep& script, StepObserver& observer,
                               std::stop_token stop) {
  if (script.verify.empty()) return Done();
  const auto ending = RunScript(step, "verify", script.verify, step.timeout, observer, stop);
  return ending.ok() ? FromCheckEnding("verify", ending->ending) : FromStartStatus(ending.status());
}

}  // namespace preseal::agent::steps
