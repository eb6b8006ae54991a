// SPDX-License-Identifier: Apache-2.0
#include "server/domain/rate_limiter.h"

#include <algorithm>

namespace preseal::server {

bool RateLimiter::Take(std::string_view key, Time now) {
  auto it = full_at_.find(std::string(key));
  if (it == full_at_.end()) {
    if (full_at_.size() >= keys_max_ && !MakeRoom(now)) return false;
    it = full_at_.emplace(key, now).first;
  }
  const Time start = std::max(it->second, now);
  // `burst` tokens fit between now and the moment the bucket is full.
  if (start + every_ > now + every_ * burst_) return false;
  it->second = start + every_;
  return true;
}

// Looks through all keys at most once per `every`: more often nothing can have changed for many.
bool RateLimiter::MakeRoom(Time now) {
  if (now < swept_ + every_ && swept_ != Time{}) return false;
  swept_ = now;
  std::erase_if(full_at_, [now](const auto& entry) { return entry.second <= now; });
  return full_at_.size() < keys_max_;
}

}  // namespace preseal::server
