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
};

// Does one step to the target. Blocks; each call ends within the step's timeout and a grace.
// Called by one thread at a time.
class StepExecutor {
 public:
  virtual ~StepExecutor() = default;
  // Is it in place already? Changes nothing.
  virtual StepResult Detect(const Step& step, StepObserver& observer, std::stop_token stop) = 0;
  virtual StepResult Apply(const Step& step, StepObserver& observer, std::stop_token stop) = 0;
  // Looks afresh whether the result is there. Changes nothing.
  virtual StepResult Verify(const Step& step, StepObserver& observer, std::stop_token stop) = 0;
};

}  // namespace preseal::agent
