// SPDX-License-Identifier: Apache-2.0
#include "server/service/change_feed.h"

#include <utility>
#include <vector>

#include "common/base/limits.h"

namespace preseal::server {

ChangeFeed::ChangeFeed() : thread_([this] { Loop(); }) {}

ChangeFeed::~ChangeFeed() {
  {
    const std::lock_guard lock(mutex_);
    quit_ = true;
  }
  condition_.notify_all();
  thread_.join();
}

void ChangeFeed::Changed() {
  {
    const std::lock_guard lock(mutex_);
    changed_ = true;
  }
  condition_.notify_all();
}

StatusOr<uint64_t> ChangeFeed::Subscribe(Wake wake) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return Unavailable("the server is draining: reconnect");
  if (wakes_.size() >= kWatchersMax) return ResourceExhausted("too many watchers");
  const uint64_t id = next_id_++;
  wakes_.emplace(id, std::move(wake));
  return id;
}

void ChangeFeed::Unsubscribe(uint64_t id) {
  const std::lock_guard waking(waking_);
  const std::lock_guard lock(mutex_);
  wakes_.erase(id);
}

void ChangeFeed::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_ = true;
  }
  condition_.notify_all();
}

bool ChangeFeed::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

void ChangeFeed::Loop() {
  std::unique_lock lock(mutex_);
  while (!quit_) {
    condition_.wait_for(lock, kWatchHeartbeat, [this] { return changed_ || quit_; });
    if (quit_) return;
    changed_ = false;
    lock.unlock();
    {
      const std::lock_guard waking(waking_);
      std::vector<Wake> wakes;
      lock.lock();
      for (const auto& [id, wake] : wakes_) wakes.push_back(wake);
      lock.unlock();
      for (const Wake& wake : wakes) wake();
    }
    lock.lock();
    condition_.wait_for(lock, kWatchInterval, [this] { return quit_; });
  }
}

}  // namespace preseal::server
