// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>

namespace preseal::agent {

// "Something changed, look again": one for the whole agent. A change between looking and waiting is
// not missed, because the waiter says which version it has seen. Thread-safe.
class ChangeSignal {
 public:
  void Notify() {
    {
      const std::lock_guard lock(mutex_);
      ++version_;
    }
    changed_.notify_all();
  }

  uint64_t version() const {
    const std::lock_guard lock(mutex_);
    return version_;
  }

  // Returns when there is a version beyond `seen`, at `deadline`, or when `stop` is asked for.
  void WaitBeyond(uint64_t seen, std::chrono::steady_clock::time_point deadline,
                  std::stop_token stop = {}) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, stop, deadline, [this, seen] { return version_ > seen; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  uint64_t version_ = 0;
};

// Waits for `pause` or until `stop`; false if it was stopped.
inline bool PauseUnlessStopped(std::chrono::milliseconds pause, std::stop_token stop) {
  ChangeSignal never;
  never.WaitBeyond(0, std::chrono::steady_clock::now() + pause, stop);
  return !stop.stop_requested();
}

}  // namespace preseal::agent
