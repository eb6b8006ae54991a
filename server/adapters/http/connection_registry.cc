// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/connection_registry.h"

#include <utility>

namespace preseal::server::http {

ConnectionRegistry::Lease::Lease(std::shared_ptr<ConnectionRegistry> registry, uint64_t id)
    : registry_(std::move(registry)), id_(id) {}

ConnectionRegistry::Lease::~Lease() {
  const std::lock_guard lock(registry_->mutex_);
  registry_->connections_.erase(id_);
  registry_->changed_.notify_all();
}

std::unique_ptr<ConnectionRegistry::Lease> ConnectionRegistry::Enter() {
  const std::lock_guard lock(mutex_);
  if (connections_.size() >= connections_max_) return nullptr;
  const uint64_t id = next_id_++;
  connections_.emplace(id, std::weak_ptr<Closable>());
  return std::make_unique<Lease>(shared_from_this(), id);
}

void ConnectionRegistry::Bind(const Lease& lease, std::weak_ptr<Closable> connection) {
  const std::lock_guard lock(mutex_);
  connections_[lease.id_] = std::move(connection);
}

void ConnectionRegistry::ForEach(const std::function<void(Closable&)>& action) {
  // The last reference to a connection may be ours, and dropping it takes the lock again.
  std::vector<std::shared_ptr<Closable>> alive;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, connection] : connections_) {
      if (auto strong = connection.lock()) alive.push_back(std::move(strong));
    }
  }
  for (const auto& connection : alive) action(*connection);
}

bool ConnectionRegistry::WaitUntilEmpty(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, deadline, [this] { return connections_.empty(); });
}

}  // namespace preseal::server::http
