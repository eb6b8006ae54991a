// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stop_token>
#include <string_view>

#include "agent/domain/plan.h"
#include "agent/domain/step_result.h"

namespace preseal::agent {

// What a step tells while it works. Called on the thread that called the executor.
class StepObserver {
 public:
  virtual ~StepObserver() = default;
  virtual void OnLine(std::string_view line) = 0;
  virtual void OnPercent(uint32_t percent) = 0;
  // Counted progress, `done` of `total` units.
  virtual void OnCount(uint64_t done, uint64_t total) = 0;
};

// Does one step to the target. Blocks; each call ends within the step's timeout and a grace, and
// soon after `stop`: whatever the step started, lingering children included, is gone by then.
// Thread-safe: different steps at the same time, one call per step at a time. Waits and reboots are
// the engine's own and never come here; of a prompt with an answer_path only Detect does: whether
// an earlier run wrote down an answer that the prompt still takes.
class StepExecutor {
 public:
  virtual ~StepExecutor() = default;
  // Whether the step applies to this device: kDone if so, kNotInPlace if not. Without a
  // requires_script always kDone.
  virtual StepResult Requires(const Step& step, StepObserver& observer, std::stop_token stop) = 0;
  // Is it in place already? Changes nothing.
  virtual StepResult Detect(const Step& step, StepObserver& observer, std::stop_token stop) = 0;
  virtual StepResult Apply(const Step& step, StepObserver& observer, std::stop_token stop) = 0;
  // Looks afresh whether the result is there. Changes nothing.
  virtual StepResult Verify(const Step& step, StepObserver& observer, std::stop_token stop) = 0;
  // Runs the undo command of a step that declares one; others: kDone.
  virtual StepResult Revert(const Step& step, StepObserver& observer, std::stop_token stop) = 0;
};

}  // namespace preseal::agent
