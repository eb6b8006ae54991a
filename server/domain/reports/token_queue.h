// SPDX-License-Identifier: Apache-2.0
// Who may do a heavy thing now, and who waits for it in which order. Pure.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/ids.h"

namespace preseal::server {

// One item of one device; a device may ask for several items.
struct TokenUser {
  DeviceId device;
  std::string item_id;
  auto operator<=>(const TokenUser&) const = default;
};

struct TokenPlace {
  bool granted = false;
  uint32_t place = 0;  // 1 is next; 0 when granted, or when the queue is full and nothing is kept
  // Until granted, from the mean time tokens were held; absent while no token was given back.
  std::optional<std::chrono::milliseconds> estimate;
};

// The tokens of one class: at most `limit` are held at once, and the longest waiting gets the next.
// A holder or waiter that does not ask again within `lease` is gone at the next Expire. A waiter's
// place never grows. Times are steady and never go back. Not thread-safe.
class TokenQueue {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Whose state changed by a call, and what it is now.
  struct Told {
    TokenUser user;
    TokenPlace place;
  };
  struct Entry {
    TokenUser user;
    Time since;  // of holding or waiting
  };

  // `limit` and `waiters_max` are at least 1.
  TokenQueue(uint32_t limit, size_t waiters_max, std::chrono::milliseconds lease);

  // Asks, or asks again, which keeps what the user has. At `waiters_max`, and for more items of one
  // device than it may have at work (kStepsInFlightMax), a new user is turned away with place 0.
  TokenPlace Ask(const TokenUser& user, Time now);
  // Gives a token back or leaves the queue. Nothing happens for a user that is in neither.
  void Release(const TokenUser& user, Time now);
  // The same for all items of a device.
  void Drop(const DeviceId& device, Time now);
  // Takes the place of those whose lease is over.
  void Expire(Time now);

  // Those whose place changed since the last call, in the order of their places: all that were
  // granted, and of the waiters the first `places`. Others learn it when they ask again.
  std::vector<Told> TakeChanges(size_t places);

  uint32_t limit() const { return limit_; }
  size_t CountOf(const DeviceId& device) const;  // held and waited for
  std::vector<Entry> Holders() const;            // longest first
  std::vector<Entry> Waiters() const;            // in order
  bool empty() const { return slots_.empty(); }

 private:
  // Waiters and holders by the number they drew when they came.
  struct Slot {
    TokenUser user;
    bool granted = false;
    Time since;
    Time lease_end;
    uint32_t told = UINT32_MAX;  // the place last told; 0: granted
  };
  void Remove(std::map<uint64_t, Slot>::iterator at, Time now);
  void Grant(Time now);
  TokenPlace PlaceOf(uint64_t number) const;
  TokenPlace Waiting(uint32_t place) const;

  const uint32_t limit_;
  const size_t waiters_max_;
  const std::chrono::milliseconds lease_;
  uint64_t next_number_ = 0;
  std::map<uint64_t, Slot> slots_;
  std::map<TokenUser, uint64_t> numbers_;
  uint32_t held_ = 0;
  uint64_t given_back_ = 0;
  std::chrono::milliseconds held_time_{0};  // of all that were given back
};

}  // namespace preseal::server
