// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "server/cli/terminal.h"

namespace preseal::server::cli {

// How far long work is: one line on standard error that replaces itself and is gone with the
// object. Nothing if standard error is no terminal. Not thread-safe.
class ProgressLine {
 public:
  explicit ProgressLine(const Terminal& terminal) : terminal_(terminal) {}
  ~ProgressLine() { Clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void Show(std::string_view text);
  void Clear();

 private:
  const Terminal& terminal_;
  bool shown_ = false;
};

}  // namespace preseal::server::cli
