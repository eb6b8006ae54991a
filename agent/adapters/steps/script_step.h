// SPDX-License-Identifier: Apache-2.0
// Inside agent/adapters/steps only.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "agent/service/step_executor.h"
#include "common/process/process.h"

namespace preseal::agent::steps {

// Where commands run and what they are told.
struct CommandSettings {
  std::string target_root;
  std::string scratch_directory;  // of the agent, 0700; scripts are put here to be run
  std::string marker;             // NAME=value in every command's environment, for KillMarked
};

// MinimalEnvironment, PRESEAL_TARGET_ROOT, PRESEAL_ITEM, the marker.
std::vector<std::string> EnvironmentFor(const CommandSettings& settings, const Step& step);

struct CommandEnd {
  process::Ending ending;
  std::string last_line;  // of either output; usually says what went wrong
};

// Runs `argv` in the target root; every line of output goes to `observer`.
StatusOr<CommandEnd> RunCommand(const CommandSettings& settings, const Step& step,
                                std::vector<std::string> argv, std::chrono::milliseconds timeout,
                                StepObserver& observer, std::stop_token stop);

class ScriptSteps {
 public:
  explicit ScriptSteps(CommandSettings settings) : settings_(std::move(settings)) {}
  StepResult Detect(const Step& step, const ScriptStep& script, StepObserver& observer,
                    std::stop_token stop);
  StepResult Apply(const Step& step, const ScriptStep& script, StepObserver& observer,
                   std::stop_token stop);
  StepResult Verify(const Step& step, const ScriptStep& script, StepObserver& observer,
                    std::stop_token stop);

 private:
  StatusOr<CommandEnd> RunScript(const Step& step, std::string_view name, const std::string& text,
                                 StepObserver& observer, std::stop_token stop);

  CommandSettings settings_;
};

}  // namespace preseal::agent::steps
