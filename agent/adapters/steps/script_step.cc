// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/steps/script_step.h"

#include <charconv>

#include "agent/adapters/steps/results.h"
#include "common/files/files.h"

namespace preseal::agent::steps {
namespace {

constexpr std::string_view kProgressMark = "PRESEAL_PROGRESS ";
constexpr size_t kLastLineBytesMax = 200;

// True if the line was a report of progress and not text.
bool HandledAsProgress(std::string_view line, StepObserver& observer) {
  if (!line.starts_with(kProgressMark)) return false;
  const std::string_view number = line.substr(kProgressMark.size());
  uint32_t percent = 0;
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), percent);
  if (parsed.ec != std::errc() || parsed.ptr != number.data() + number.size()) return false;
  observer.OnPercent(percent);
  return true;
}

}  // namespace

std::vector<std::string> EnvironmentFor(const CommandSettings& settings, const Step& step) {
  std::vector<std::string> environment = process::MinimalEnvironment();
  environment.push_back("DEBIAN_FRONTEND=noninteractive");
  environment.push_back("PRESEAL_TARGET_ROOT=" + settings.target_root);
  environment.push_back("PRESEAL_ITEM=" + step.item_id);
  environment.push_back(settings.marker);
  return environment;
}

StatusOr<CommandEnd> RunCommand(const CommandSettings& settings, const Step& step,
                                std::vector<std::string> argv, std::chrono::milliseconds timeout,
                                StepObserver& observer, std::stop_token stop) {
  process::Command command;
  command.argv = std::move(argv);
  command.environment = EnvironmentFor(settings, step);
  command.working_directory = settings.target_root;
  // 0 would mean no limit.
  command.timeout = std::max(timeout, std::chrono::milliseconds(1));
  CommandEnd end;
  const auto on_line = [&observer, &end](process::Output from, std::string_view line) {
    if (from == process::Output::kStandard && HandledAsProgress(line, observer)) return;
    if (!line.empty()) end.last_line = EscapeForLog(line, kLastLineBytesMax);
    observer.OnLine(line);
  };
  ASSIGN_OR_RETURN(end.ending, process::Run(command, on_line, stop));
  return end;
}

// Through a file, because one argument may have at most 128 KiB.
StatusOr<CommandEnd> ScriptSteps::RunScript(const Step& step, std::string_view name,
                                            const std::string& text, StepObserver& observer,
                                            std::stop_token stop) {
  const std::string path = settings_.scratch_directory + "/" + std::string(name) + ".sh";
  RETURN_IF_ERROR(files::WriteAtomic(path, AsBytes(text), 0600));
  auto ending = RunCommand(settings_, step, {"/bin/sh", path}, step.timeout, observer, stop);
  // It may hold a secret of the profile.
  RETURN_IF_ERROR(files::RemoveTree(path));
  return ending;
}

StepResult ScriptSteps::Detect(const Step& step, const ScriptStep& script, StepObserver& observer,
                               std::stop_token stop) {
  if (script.detect.empty()) return NotInPlace("the step has no detect");
  const auto ending = RunScript(step, "detect", script.detect, observer, stop);
  return ending.ok() ? FromCheckEnding("detect", ending->ending) : FromStartStatus(ending.status());
}

StepResult ScriptSteps::Apply(const Step& step, const ScriptStep& script, StepObserver& observer,
                              std::stop_token stop) {
  const auto ending = RunScript(step, "apply", script.apply, observer, stop);
  return ending.ok() ? FromEnding(step, "apply", *ending) : FromStartStatus(ending.status());
}

StepResult ScriptSteps::Verify(const Step& step, const ScriptStep& script, StepObserver& observer,
                               std::stop_token stop) {
  if (script.verify.empty()) return Done();
  const auto ending = RunScript(step, "verify", script.verify, observer, stop);
  return ending.ok() ? FromCheckEnding("verify", ending->ending) : FromStartStatus(ending.status());
}

}  // namespace preseal::agent::steps
