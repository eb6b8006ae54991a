// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "tests/support/clock_offsets.h"

namespace preseal::test {

// The clocks of one program, which can be set and turned on while it runs. What it starts has the
// true ones. Not for programs with a sanitizer, whose runtime wants to be loaded first.
class DeviceClock {
 public:
  // `file` holds the offsets; Internal if it cannot be made.
  static StatusOr<std::unique_ptr<DeviceClock>> Make(const std::string& file);
  DeviceClock(const DeviceClock&) = delete;
  DeviceClock& operator=(const DeviceClock&) = delete;
  ~DeviceClock();

  // Before a command line, gives that program these clocks.
  std::vector<std::string> Launcher() const;
  // How far the wall clock is ahead of the true one, less what passed.
  void SetAhead(std::chrono::nanoseconds offset) { offsets_->wall = offset.count(); }
  // So much time passes at once, on all its clocks; waits that are over by that end.
  void Pass(std::chrono::nanoseconds time) { offsets_->passed += time.count(); }

 private:
  DeviceClock(std::string file, ClockOffsets* offsets)
      : file_(std::move(file)), offsets_(offsets) {}

  const std::string file_;
  ClockOffsets* const offsets_;
};

}  // namespace preseal::test
