// SPDX-License-Identifier: Apache-2.0
#include "server/domain/reports/token_queue.h"

#include <algorithm>

#include "common/base/limits.h"

namespace preseal::server {

TokenQueue::TokenQueue(uint32_t limit, size_t waiters_max, std::chrono::milliseconds lease)
    : limit_(limit), waiters_max_(waiters_max), lease_(lease) {}

TokenPlace TokenQueue::Ask(const TokenUser& user, Time now) {
  auto known = numbers_.find(user);
  if (known == numbers_.end()) {
    if (held_ >= limit_ && slots_.size() - held_ >= waiters_max_) return {};
    if (CountOf(user.device) >= kStepsInFlightMax) return {};
    known = numbers_.emplace(user, next_number_++).first;
    slots_[known->second] = {.user = user, .since = now};
    Grant(now);
  }
  Slot& slot = slots_[known->second];
  slot.lease_end = now + lease_;
  const TokenPlace place = PlaceOf(known->second);
  slot.told = place.granted ? 0 : place.place;
  return place;
}

void TokenQueue::Release(const TokenUser& user, Time now) {
  const auto known = numbers_.find(user);
  if (known == numbers_.end()) return;
  Remove(slots_.find(known->second), now);
  Grant(now);
}

void TokenQueue::Drop(const DeviceId& device, Time now) {
  for (auto known = numbers_.lower_bound({.device = device, .item_id = {}});
       known != numbers_.end() && known->first.device == device;) {
    Remove(slots_.find((known++)->second), now);
  }
  Grant(now);
}

void TokenQueue::Expire(Time now) {
  for (auto slot = slots_.begin(); slot != slots_.end();) {
    const auto at = slot++;
    if (at->second.lease_end < now) Remove(at, now);
  }
  Grant(now);
}

std::vector<TokenQueue::Told> TokenQueue::TakeChanges(size_t places) {
  std::vector<Told> changes;
  uint32_t place = 0;
  for (auto& [number, slot] : slots_) {
    if (!slot.granted && ++place > places) break;
    const uint32_t now = slot.granted ? 0 : place;
    if (slot.told == now) continue;
    slot.told = now;
    changes.push_back({slot.user, slot.granted ? TokenPlace{.granted = true} : Waiting(place)});
  }
  return changes;
}

size_t TokenQueue::CountOf(const DeviceId& device) const {
  size_t count = 0;
  for (auto at = numbers_.lower_bound({.device = device, .item_id = {}});
       at != numbers_.end() && at->first.device == device; ++at) {
    ++count;
  }
  return count;
}

std::vector<TokenQueue::Entry> TokenQueue::Holders() const {
  std::vector<Entry> holders;
  for (const auto& [number, slot] : slots_) {
    if (slot.granted) holders.push_back({slot.user, slot.since});
  }
  std::stable_sort(holders.begin(), holders.end(),
                   [](const Entry& a, const Entry& b) { return a.since < b.since; });
  return holders;
}

std::vector<TokenQueue::Entry> TokenQueue::Waiters() const {
  std::vector<Entry> waiters;
  for (const auto& [number, slot] : slots_) {
    if (!slot.granted) waiters.push_back({slot.user, slot.since});
  }
  return waiters;
}

void TokenQueue::Remove(std::map<uint64_t, Slot>::iterator at, Time now) {
  const Slot& slot = at->second;
  if (slot.granted) {
    --held_;
    ++given_back_;
    held_time_ += std::chrono::duration_cast<std::chrono::milliseconds>(now - slot.since);
  }
  numbers_.erase(slot.user);
  slots_.erase(at);
}

// First come, first served: a number is drawn once and kept.
void TokenQueue::Grant(Time now) {
  for (auto& [number, slot] : slots_) {
    if (held_ >= limit_) break;
    if (slot.granted) continue;
    slot.granted = true;
    slot.since = now;
    // Told now, used within a lease of its own: its last asking may be almost that old.
    slot.lease_end = now + lease_;
    ++held_;
  }
}

TokenPlace TokenQueue::PlaceOf(uint64_t number) const {
  const Slot& asked = slots_.at(number);
  if (asked.granted) return {.granted = true};
  uint32_t place = 0;
  for (const auto& [other, slot] : slots_) {
    if (!slot.granted) ++place;
    if (other == number) break;
  }
  return Waiting(place);
}

TokenPlace TokenQueue::Waiting(uint32_t place) const {
  TokenPlace waiting{.place = place};
  if (given_back_ > 0) {
    waiting.estimate = held_time_ * place / (given_back_ * limit_);
  }
  return waiting;
}

}  // namespace preseal::server
