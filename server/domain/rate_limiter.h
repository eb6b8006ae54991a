// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace preseal::server {

// One token bucket per key: `burst` at once, then one every `every`. Remembers at most `keys_max`
// keys: a new one beyond takes the place of one that is full again, and where none is, it is
// refused, so that inventing keys gains nothing. Pure: time is an argument and must not go back.
// Not thread-safe.
class RateLimiter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  RateLimiter(uint32_t burst, Duration every, size_t keys_max)
      : burst_(burst), every_(every), keys_max_(keys_max) {}

  // True if the key may go on now; takes one token.
  bool Take(std::string_view key, Time now);
  size_t size() const { return full_at_.size(); }

 private:
  bool MakeRoom(Time now);

  const uint32_t burst_;
  const Duration every_;
  const size_t keys_max_;
  // When the key's bucket is full again: all a bucket needs to know.
  std::unordered_map<std::string, Time> full_at_;
  Time swept_{};
};

}  // namespace preseal::server
