// SPDX-License-Identifier: Apache-2.0
#include "server/service/live_devices.h"

#include <utility>

#include "common/base/limits.h"

namespace preseal::server {

StatusOr<std::shared_ptr<DeviceLink>> LiveDevices::Attach(const DeviceId& device,
                                                          std::shared_ptr<DeviceLink> link) {
  auto entries = entries_.Lock();
  const auto now = clock_.Steady();
  if (const auto it = entries->find(device); it != entries->end()) {
    std::swap(it->second.link, link);
    it->second.heard = now;
    it->second.silent = false;
    return link;
  }
  if (entries->size() >= kDeviceSessionsMax) {
    return ResourceExhausted("too many devices are connected");
  }
  entries->emplace(device, Entry{std::move(link), now, false});
  return std::shared_ptr<DeviceLink>();
}

bool LiveDevices::Detach(const DeviceId& device, const DeviceLink* link) {
  auto entries = entries_.Lock();
  const auto it = entries->find(device);
  if (it == entries->end() || it->second.link.get() != link) return false;
  entries->erase(it);
  return true;
}

bool LiveDevices::Heard(const DeviceId& device) {
  auto entries = entries_.Lock();
  const auto it = entries->find(device);
  if (it == entries->end()) return false;
  it->second.heard = clock_.Steady();
  return std::exchange(it->second.silent, false);
}

std::shared_ptr<DeviceLink> LiveDevices::Find(const DeviceId& device) {
  auto entries = entries_.Lock();
  const auto it = entries->find(device);
  return it == entries->end() ? nullptr : it->second.link;
}

std::vector<DeviceId> LiveDevices::NewlySilent(std::chrono::steady_clock::duration limit) {
  auto entries = entries_.Lock();
  const auto now = clock_.Steady();
  std::vector<DeviceId> silent;
  for (auto& [device, entry] : *entries) {
    if (entry.silent || now - entry.heard < limit) continue;
    entry.silent = true;
    silent.push_back(device);
  }
  return silent;
}

size_t LiveDevices::size() { return entries_.Lock()->size(); }

void LiveDevices::EndAll(const Status& reason) {
  std::vector<std::shared_ptr<DeviceLink>> links;
  {
    auto entries = entries_.Lock();
    for (const auto& [device, entry] : *entries) links.push_back(entry.link);
  }
  for (const auto& link : links) link->End(reason);
}

}  // namespace preseal::server
