// SPDX-License-Identifier: Apache-2.0
#include "agent/service/run/order_lane.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/base/limits.h"

namespace preseal::agent {

std::string KeyOf(const Order& order) {
  return std::to_string(order.action.index()) + order.command_id;
}

void OrderLane::Start(std::function<Status()> first, Carry carry,
                      std::function<void(const Status&)> failed) {
  thread_ = std::thread(
      [this, first = std::move(first), carry = std::move(carry), failed = std::move(failed)] {
        const Status status = Work(first, carry);
        // Cancelled: stopped while it waited for room in the spool.
        if (!status.ok() && status.code() != StatusCode::kCancelled) failed(status);
      });
}

bool OrderLane::Submit(Order order) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= kOrderQueueMax || !pending_.insert(KeyOf(order)).second) return false;
    queue_.push_back(std::move(order));
  }
  wake_.notify_all();
  return true;
}

bool OrderLane::AnyWaits(const std::function<bool(const Order&)>& which) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(queue_.begin(), queue_.end(), which);
}

void OrderLane::Stop() {
  stop_.request_stop();
  // Not there if it was never started.
  if (thread_.joinable()) thread_.join();
}

Status OrderLane::Work(const std::function<Status()>& first, const Carry& carry) {
  const std::stop_token stop = stop_.get_token();
  RETURN_IF_ERROR(first());
  while (true) {
    std::optional<Order> order;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, stop, [this] { return !queue_.empty(); });
      if (stop.stop_requested()) return OkStatus();
      order = std::move(queue_.front());
      queue_.pop_front();
    }
    const Status status = carry(*order);
    {
      const std::lock_guard lock(mutex_);
      pending_.erase(KeyOf(*order));
    }
    RETURN_IF_ERROR(status);
  }
}

}  // namespace preseal::agent
