// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <thread>

#include "agent/service/session/session_channel.h"
#include "common/status/status.h"

namespace preseal::agent {

// What an order is known by while it waits or is being done. The two halves of a reseal share a
// command id.
std::string KeyOf(const Order& order);

// Orders carried out one after the other on a thread of its own. Submit is thread-safe.
class OrderLane {
 public:
  using Carry = std::function<Status(const Order&)>;
  OrderLane() = default;
  // Ends the thread; an order that is being done is waited for.
  ~OrderLane() { Stop(); }

  // `first` is done before any order. Once a Status is not OK nothing more is done, `failed` is
  // told, unless it is Cancelled. Once.
  void Start(std::function<Status()> first, Carry carry, std::function<void(const Status&)> failed);
  // Never blocks. A repeat of an order that waits or is being done is dropped, so is any beyond
  // kOrderQueueMax; false then.
  bool Submit(Order order);
  // Whether one that waits is such a one.
  bool AnyWaits(const std::function<bool(const Order&)>& which) const;
  void Stop();

 private:
  Status Work(const std::function<Status()>& first, const Carry& carry);

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<Order> queue_;
  std::set<std::string> pending_;
  std::stop_source stop_;
  std::thread thread_;
};

}  // namespace preseal::agent
