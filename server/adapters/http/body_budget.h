// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace preseal::server::http {

// Memory for request bodies, shared by all connections of a listener: a thousand clients that each
// stay within their own limit must not exhaust the machine together. Thread-safe.
class BodyBudget {
 public:
  explicit BodyBudget(size_t bytes_max) : bytes_max_(bytes_max) {}

  // False, taking nothing, if `bytes` more would exceed the budget.
  bool Take(size_t bytes) {
    if (taken_.fetch_add(bytes) + bytes <= bytes_max_) return true;
    taken_.fetch_sub(bytes);
    return false;
  }
  void Give(size_t bytes) { taken_.fetch_sub(bytes); }

 private:
  const size_t bytes_max_;
  std::atomic<size_t> taken_ = 0;
};

// What one request holds of the budget; returns it when dropped. Move only, not thread-safe.
class BodyLease {
 public:
  BodyLease() = default;
  explicit BodyLease(std::shared_ptr<BodyBudget> budget) : budget_(std::move(budget)) {}
  BodyLease(BodyLease&& other) noexcept
      : budget_(std::move(other.budget_)), bytes_(std::exchange(other.bytes_, 0)) {}
  BodyLease& operator=(BodyLease&& other) noexcept {
    Release();
    budget_ = std::move(other.budget_);
    bytes_ = std::exchange(other.bytes_, 0);
    return *this;
  }
  ~BodyLease() { Release(); }

  // Makes the lease at least `bytes` large; false if the budget has no room.
  bool GrowTo(size_t bytes) {
    if (bytes <= bytes_) return true;
    if (budget_ == nullptr || !budget_->Take(bytes - bytes_)) return false;
    bytes_ = bytes;
    return true;
  }

 private:
  void Release() {
    if (budget_ != nullptr && bytes_ > 0) budget_->Give(bytes_);
    bytes_ = 0;
  }

  std::shared_ptr<BodyBudget> budget_;
  size_t bytes_ = 0;
};

}  // namespace preseal::server::http
