// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace preseal {

using WallTime = std::chrono::system_clock::time_point;

// Where time comes from; a port, so that tests can turn it. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime Now() const = 0;
  // Never goes back; only differences mean anything.
  virtual std::chrono::steady_clock::time_point Steady() const = 0;
};

// The machine's own clocks.
class SystemClock final : public Clock {
 public:
  WallTime Now() const override { return std::chrono::system_clock::now(); }
  std::chrono::steady_clock::time_point Steady() const override {
    return std::chrono::steady_clock::now();
  }
};

// Microseconds since 1970-01-01T00:00:00Z, how times are stored.
inline int64_t ToMicros(WallTime time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}
inline WallTime FromMicros(int64_t micros) {
  return WallTime(
      std::chrono::duration_cast<WallTime::duration>(std::chrono::microseconds(micros)));
}

}  // namespace preseal
