// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "common/status/status.h"

namespace preseal::server {

// Tells watchers that something changed: at most once per kWatchInterval however much did, and at
// least once per kWatchHeartbeat. What changed they read from the store, so a slow watcher only
// takes larger steps. Thread-safe.
class ChangeFeed {
 public:
  using Wake = std::function<void()>;

  ChangeFeed();
  ~ChangeFeed();  // calls no watcher any more when it returns
  ChangeFeed(const ChangeFeed&) = delete;
  ChangeFeed& operator=(const ChangeFeed&) = delete;

  // From the store's writer thread; does not block.
  void Changed();
  // `wake` is called on the feed's thread and must not block. ResourceExhausted at kWatchersMax;
  // Unavailable after Stop.
  StatusOr<uint64_t> Subscribe(Wake wake);
  // After it returns `wake` is not called any more.
  void Unsubscribe(uint64_t id);
  // Draining: wakes everybody once more; stopped() is true from before that.
  void Stop();
  bool stopped() const;

 private:
  void Loop();

  mutable std::mutex mutex_;
  std::recursive_mutex waking_;  // held while wakes run; a wake may end its own watcher
  std::condition_variable condition_;
  std::map<uint64_t, Wake> wakes_;
  uint64_t next_id_ = 1;
  bool changed_ = false;
  bool stopped_ = false;
  bool quit_ = false;
  std::thread thread_;
};

}  // namespace preseal::server
