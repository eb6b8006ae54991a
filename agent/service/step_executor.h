// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "agent/domain/item_code.h"
#include "agent/domain/plan.h"

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

struct StepResult {
  enum class Kind {
    kDone,        // applied; or: it is in place
    kNotInPlace,  // detect and verify only; `message` says what is missing
    kFailed,
    kStopped,  // the stop token was used; what was done is unknown
  };
  Kind kind = Kind::kDone;
  ItemCode code = ItemCode::kAgentError;  // kFailed
  std::string message;                    // one plain sentence
  std::optional<int> exit_code;
  bool final = false;  // kFailed: another attempt cannot help
  bool fatal = false;  // kFailed: nor can anything else in this run
  enum class Reboot { kNone, kLater, kNow };
  Reboot reboot = Reboot::kNone;  // kDone: it counts once the device has been restarted
};

// Does one step to the target. Blocks; each call ends within the step's timeout and a grace, and
// soon after `stop`: whatever the step started, lingering children included, is gone by then.
// Thread-safe: different steps at the same time, one call per step at a time. Prompts, waits and
// reboots are the engine's own and never come here.
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
