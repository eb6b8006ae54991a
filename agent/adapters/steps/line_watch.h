// SPDX-License-Identifier: Apache-2.0
// Inside agent/adapters/steps only.
#pragma once

#include <string_view>

#include "agent/service/run/step_executor.h"

namespace preseal::agent::steps {

// Passes on all that a program says and remembers whether a line held `text`: for what a program
// tells in words only. `inner` and `text` must outlive it.
class LineWatch final : public StepObserver {
 public:
  LineWatch(StepObserver& inner, std::string_view text) : inner_(inner), text_(text) {}
  void OnLine(std::string_view line) override {
    if (line.find(text_) != std::string_view::npos) seen_ = true;
    inner_.OnLine(line);
  }
  void OnPercent(uint32_t percent) override { inner_.OnPercent(percent); }
  void OnCount(uint64_t done, uint64_t total) override { inner_.OnCount(done, total); }
  bool seen() const { return seen_; }

 private:
  StepObserver& inner_;
  const std::string_view text_;
  bool seen_ = false;
};

}  // namespace preseal::agent::steps
