// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "agent/service/status_display.h"
#include "common/base/limits.h"

namespace preseal::agent {

// Shows an activity at once, and again with the seconds gone by every `interval` while it lives: a
// screen that stands still for a minute makes technicians pull the plug. Its owner must not use the
// display meanwhile, which takes calls from one thread at a time.
class EnrollProgress {
 public:
  EnrollProgress(StatusDisplay& display, std::string text,
                 std::chrono::milliseconds interval = kTpmProgressInterval);
  ~EnrollProgress();
  EnrollProgress(const EnrollProgress&) = delete;
  EnrollProgress& operator=(const EnrollProgress&) = delete;

 private:
  void Run(const std::stop_token& stop);

  StatusDisplay& display_;
  const std::string text_;
  const std::chrono::milliseconds interval_;
  std::mutex mutex_;
  std::condition_variable_any ended_;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace preseal::agent
