// SPDX-License-Identifier: Apache-2.0
// Inside agent/adapters/steps only: what of a command's output reaches the observer.
#pragma once

#include <string>
#include <string_view>

#include "agent/service/run/step_executor.h"
#include "common/process/process.h"

namespace preseal::agent::steps {

// Takes the lines of one command. "PRESEAL_PROGRESS n" on standard output is a percentage,
// "PRESEAL_PROGRESS n of m" counts; everything else is text, up to kStepLinesMax lines and
// kStepOutputBytesMax bytes. What follows is dropped, after one line that says so; progress is
// still heard. Not thread-safe.
class OutputFilter {
 public:
  // `observer` is borrowed.
  explicit OutputFilter(StepObserver& observer) : observer_(observer) {}
  void Take(process::Output from, std::string_view line);
  // Of either output, fit for a message; usually says what went wrong.
  const std::string& last_line() const { return last_line_; }

 private:
  bool TakeProgress(std::string_view line);

  StepObserver& observer_;
  std::string last_line_;
  size_t lines_ = 0;
  size_t bytes_ = 0;
  bool dropping_ = false;
};

}  // namespace preseal::agent::steps
