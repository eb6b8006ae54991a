// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "agent/service/run_recorder.h"
#include "agent/service/status_display.h"
#include "agent/service/step_executor.h"
#include "common/base/clock.h"

namespace preseal::agent {

// One item from where its state stands to its end: detect, then apply and verify for as many
// attempts as the step has. An apply that a crash cut short is not repeated blindly: verify is
// asked first. For one use on one thread.
class ItemRun : private StepObserver {
 public:
  enum class End { kSucceeded, kFailed, kStopped };

  ItemRun(const Step& step, StepExecutor& executor, RunRecorder& recorder, StatusDisplay& display,
          const Clock& clock, std::stop_token stop);

  // A Status only if an event could not be recorded; how the item ended is the value.
  StatusOr<End> Execute();

 private:
  void OnLine(std::string_view line) override;
  void OnPercent(uint32_t percent) override;

  StatusOr<std::optional<End>> Detect();
  StatusOr<std::optional<End>> Attempt();
  StatusOr<std::optional<End>> Conclude(const StepResult& result, bool another);
  StatusOr<End> Fail(const StepResult& result);
  Status Change(ItemState state, uint32_t percent = 0);
  Status Record(const EventBody& body);
  uint32_t AttemptsAllowed() const;

  const Step& step_;
  StepExecutor& executor_;
  RunRecorder& recorder_;
  StatusDisplay& display_;
  const Clock& clock_;
  std::stop_token stop_;

  Resume resume_ = Resume::kDetect;
  uint32_t attempt_ = 0;
  uint32_t first_attempt_ = 0;  // where this process began
  ItemState state_ = ItemState::kNotStarted;
  std::optional<int> exit_code_;
  uint32_t shown_percent_ = 0;
  std::chrono::steady_clock::time_point shown_at_;
  Status recording_;  // first failure inside a callback
};

}  // namespace preseal::agent
