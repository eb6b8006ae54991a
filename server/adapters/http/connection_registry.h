// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace preseal::server::http {

// What the listener may ask of a connection from any thread.
class Closable {
 public:
  virtual ~Closable() = default;
  // Finish what runs, then close.
  virtual void Drain() = 0;
  // Close now; running exchanges are told.
  virtual void Abort() = 0;
};

// The connections alive, counted until their memory is gone, so that a listener knows when nothing
// can touch it any more. Thread-safe; outlives its leases through shared ownership.
class ConnectionRegistry : public std::enable_shared_from_this<ConnectionRegistry> {
 public:
  // A place in the registry. Keep it as a connection's first member, so that it is dropped last.
  class Lease {
   public:
    Lease(std::shared_ptr<ConnectionRegistry> registry, uint64_t id);
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease();

   private:
    friend class ConnectionRegistry;
    const std::shared_ptr<ConnectionRegistry> registry_;
    const uint64_t id_;
  };

  explicit ConnectionRegistry(size_t connections_max) : connections_max_(connections_max) {}

  // Null if the limit is reached.
  std::unique_ptr<Lease> Enter();
  void Bind(const Lease& lease, std::weak_ptr<Closable> connection);

  void ForEach(const std::function<void(Closable&)>& action);
  // False if connections are left at `deadline`.
  bool WaitUntilEmpty(std::chrono::steady_clock::time_point deadline);

 private:
  const size_t connections_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t next_id_ = 0;
  std::map<uint64_t, std::weak_ptr<Closable>> connections_;
};

}  // namespace preseal::server::http
