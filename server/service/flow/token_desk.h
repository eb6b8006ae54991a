// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/guarded.h"
#include "common/base/ids.h"
#include "server/domain/reports/token_queue.h"
#include "server/service/device_requests.h"
#include "server/service/live_devices.h"

namespace preseal::server {

// The whole floor's queues, in memory: after a restart of the server devices ask again within
// kTokenRenewEvery, in the order they happen to come. A class that the configuration does not name
// has kTokensDefault tokens; at kTokenClassesMax classes, or kStepsInFlightMax of one device, a new
// one is turned away. Thread-safe.
//
// An answer of place 0 without a grant means: the queue is full or there are too many classes, ask
// again. The first kTokenPlacesTold of a queue hear of every move at once, the others when they
// ask again.
class FloorTokens final : public TokenDesk {
 public:
  struct Queue {
    std::string token;
    uint32_t limit = 0;
    std::vector<TokenQueue::Entry> holders;
    std::vector<TokenQueue::Entry> waiters;
  };

  // `limits`: class -> how many at once, at most kTokenClassesMax, each at least 1.
  FloorTokens(LiveDevices& live, const Clock& clock, std::map<std::string, uint32_t> limits);

  void Ask(const DeviceId& device, std::string_view token, std::string_view item_id) override;
  void Release(const DeviceId& device, std::string_view token, std::string_view item_id) override;
  void Gone(const DeviceId& device) override;
  void Tick() override;

  // By class; those the configuration names, and those somebody holds or waits for.
  std::vector<Queue> Snapshot();
  // When `since` was, on the wall clock.
  WallTime WallOf(TokenQueue::Time since) const;

 private:
  using Queues = std::map<std::string, TokenQueue, std::less<>>;
  // Null: too many classes.
  TokenQueue* Find(Queues* queues, std::string_view token, const DeviceId& device) const;
  void TellChanges(std::string_view token, TokenQueue* queue);
  void Tell(const DeviceId& device, TokenAnswer answer);

  LiveDevices& live_;
  const Clock& clock_;
  const std::map<std::string, uint32_t> limits_;
  Guarded<Queues> queues_;
};

}  // namespace preseal::server
