// SPDX-License-Identifier: Apache-2.0
// Between device_clock.h and turned_clock.cc, which share it as a mapped file.
#pragma once

#include <atomic>
#include <cstdint>

namespace preseal::test {

// Names the file to the program.
inline constexpr char kClockOffsetsVariable[] = "PRESEAL_TEST_CLOCK_OFFSETS";

// Nanoseconds.
struct ClockOffsets {
  std::atomic<int64_t> wall{0};    // added to the wall clock alone
  std::atomic<int64_t> passed{0};  // added to all clocks; never less than before
};
static_assert(std::atomic<int64_t>::is_always_lock_free);

}  // namespace preseal::test
