// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

namespace preseal::agent {

// Pauses between attempts: doubled from `first` up to `longest`, each shortened by up to half, so
// that a bench of devices does not come back in step. Pure; chance is an argument. Not thread-safe.
class BackOff {
 public:
  BackOff(std::chrono::milliseconds first, std::chrono::milliseconds longest)
      : first_(first), longest_(longest), next_(first) {}

  // `chance` is in [0, 1).
  std::chrono::milliseconds Next(double chance) {
    const auto pause = next_;
    next_ = std::min(next_ * 2, longest_);
    return std::chrono::duration_cast<std::chrono::milliseconds>(pause * (1.0 - chance / 2));
  }
  void Reset() { next_ = first_; }

 private:
  std::chrono::milliseconds first_, longest_, next_;
};

}  // namespace preseal::agent
