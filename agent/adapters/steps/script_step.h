// SPDX-License-Identifier: Apache-2.0
// Inside agent/adapters/steps only.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "agent/adapters/steps/target_root.h"
#include "agent/service/run/step_executor.h"
#include "common/process/process.h"

namespace preseal::agent::steps {

// Where commands run and what they are told.
struct CommandSettings {
  std::string target_root;
  std::string scratch_directory;  // of the agent, 0700; scripts are put here to be run
  std::string marker;             // NAME=value in every command's environment, for KillMarked
  // Called for every command; empty: not known.
  std::function<std::string()> device_name = {};
  std::function<std::string()> user = {};
  bool metered = false;  // the network is paid by volume
};

// MinimalEnvironment, PRESEAL_TARGET_ROOT, PRESEAL_ITEM, PRESEAL_DEVICE_NAME and PRESEAL_USER where
// they are known, PRESEAL_METERED where it is so, PRESEAL_INPUT_<NAME> for each input, the marker.
std::vector<std::string> EnvironmentFor(const CommandSettings& settings, const Step& step);

struct CommandEnd {
  process::Ending ending;
  std::string last_line;  // of either output; usually says what went wrong
};

// Runs `argv` in the target root, as the agent itself; lines of output go to `observer`, up to
// kStepLinesMax and kStepOutputBytesMax, then one that says so. When it returns, everything that
// descends from the command is gone. DeadlineExceeded: it could not be ended; else as process::Run.
StatusOr<CommandEnd> RunCommand(const CommandSettings& settings, const Step& step,
                                std::vector<std::string> argv, std::chrono::milliseconds timeout,
                                StepObserver& observer, std::stop_token stop);

// Scripts of a step: its own, and those any kind of step may have. Those of a step with
// user_context run as who signed in (user_account.h), in his home; without an account nothing is
// run. `target` must outlive it. Thread-safe: each part of each item has a file of its own.
class ScriptSteps {
 public:
  ScriptSteps(const TargetRoot& target, CommandSettings settings)
      : target_(target), settings_(std::move(settings)) {}
  StepResult Requires(const Step& step, StepObserver& observer, std::stop_token stop);
  StepResult Revert(const Step& step, StepObserver& observer, std::stop_token stop);
  StepResult Detect(const Step& step, const ScriptStep& script, StepObserver& observer,
                    std::stop_token stop);
  StepResult Apply(const Step& step, const ScriptStep& script, StepObserver& observer,
                   std::stop_token stop);
  StepResult Verify(const Step& step, const ScriptStep& script, StepObserver& observer,
                    std::stop_token stop);

 private:
  StatusOr<CommandEnd> RunScript(const Step& step, std::string_view part, const std::string& text,
                                 std::chrono::milliseconds timeout, StepObserver& observer,
                                 std::stop_token stop);

  StatusOr<CommandEnd> RunAsUser(const Step& step, const std::string& text,
                                 std::chrono::milliseconds timeout, StepObserver& observer,
                                 std::stop_token stop);

  const TargetRoot& target_;
  CommandSettings settings_;
};

}  // namespace preseal::agent::steps
