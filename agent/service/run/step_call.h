// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <stop_token>
#include <string_view>
#include <thread>

#include "agent/domain/engine/engine.h"
#include "agent/service/run/run_recorder.h"
#include "agent/service/run/step_executor.h"
#include "agent/service/status_display.h"
#include "common/base/clock.h"
#include "common/base/guarded.h"

namespace preseal::agent {

// All borrowed; they outlive the call. Thread-safe.
struct CallPorts {
  StepExecutor& executor;
  RunRecorder& recorder;
  StatusDisplay& display;
  const Clock& clock;
  ChangeSignal& signal;
};

// One call of the executor on a thread of its own. What the step says is recorded as it says it:
// lines all, percentages and counts at most every kItemPercentInterval. Its end notifies the
// signal. The destructor stops it and waits.
class StepCall : private StepObserver {
 public:
  StepCall(CallPorts ports, Step step, Part part);
  ~StepCall() override;

  void Halt() { stop_.request_stop(); }
  // Set once the call has ended.
  std::optional<StepResult> result() const { return *result_.Lock(); }
  // Active time of the last output or progress.
  std::chrono::milliseconds active_at() const { return active_at_.load(); }
  // The first failure to record what it said; only meaningful once it has ended.
  Status recording() const { return *recording_.Lock(); }

 private:
  void OnLine(std::string_view line) override;
  void OnPercent(uint32_t percent) override { Show(percent, 0, 0); }
  void OnCount(uint64_t done, uint64_t total) override;
  void Show(uint32_t percent, uint64_t done, uint64_t total);
  StepResult Carry();
  void Keep(const Status& status);

  const CallPorts ports_;
  const Step step_;
  const Part part_;
  std::chrono::steady_clock::time_point shown_at_;  // the call's own thread only
  std::atomic<std::chrono::milliseconds> active_at_;
  mutable Guarded<Status> recording_;
  mutable Guarded<std::optional<StepResult>> result_;
  std::stop_source stop_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace preseal::agent
