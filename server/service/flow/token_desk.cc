// SPDX-License-Identifier: Apache-2.0
#include "server/service/flow/token_desk.h"

#include <algorithm>
#include <utility>

#include "common/base/limits.h"
#include "common/log/log.h"

namespace preseal::server {
namespace {

TokenAnswer AnswerFor(std::string_view token, const TokenUser& user, const TokenPlace& place) {
  return {.token = std::string(token),
          .item_id = user.item_id,
          .granted = place.granted,
          .place = place.place,
          .estimate = place.estimate,
          .lease = kTokenLease};
}

}  // namespace

FloorTokens::FloorTokens(LiveDevices& live, const Clock& clock,
                         std::map<std::string, uint32_t> limits)
    : live_(live), clock_(clock), limits_(std::move(limits)) {}

// Answers are told with the queues locked, or a place could overtake the grant that followed it.
// DeviceLink::Tell neither blocks nor calls back.
void FloorTokens::Ask(const DeviceId& device, std::string_view token, std::string_view item_id) {
  auto queues = queues_.Lock();
  TokenQueue* queue = Find(&*queues, token, device);
  const TokenUser user{device, std::string(item_id)};
  const TokenPlace place = queue == nullptr ? TokenPlace() : queue->Ask(user, clock_.Steady());
  Tell(device, AnswerFor(token, user, place));
  if (queue != nullptr) TellChanges(token, queue);
}

void FloorTokens::Release(const DeviceId& device, std::string_view token,
                          std::string_view item_id) {
  auto queues = queues_.Lock();
  const auto found = queues->find(token);
  if (found == queues->end()) return;
  found->second.Release({device, std::string(item_id)}, clock_.Steady());
  TellChanges(token, &found->second);
  if (found->second.empty()) queues->erase(found);
}

void FloorTokens::Gone(const DeviceId& device) {
  auto queues = queues_.Lock();
  for (auto next = queues->begin(); next != queues->end();) {
    const auto at = next++;
    at->second.Drop(device, clock_.Steady());
    TellChanges(at->first, &at->second);
    if (at->second.empty()) queues->erase(at);
  }
}

void FloorTokens::Tick() {
  auto queues = queues_.Lock();
  for (auto next = queues->begin(); next != queues->end();) {
    const auto at = next++;
    at->second.Expire(clock_.Steady());
    TellChanges(at->first, &at->second);
    if (at->second.empty()) queues->erase(at);
  }
}

std::vector<FloorTokens::Queue> FloorTokens::Snapshot() {
  std::map<std::string, Queue> snapshot;
  for (const auto& [token, limit] : limits_) snapshot[token] = {.token = token, .limit = limit};
  {
    auto queues = queues_.Lock();
    for (const auto& [token, queue] : *queues) {
      snapshot[token] = {token, queue.limit(), queue.Holders(), queue.Waiters()};
    }
  }
  std::vector<Queue> list;
  for (auto& [token, queue] : snapshot) list.push_back(std::move(queue));
  return list;
}

WallTime FloorTokens::WallOf(TokenQueue::Time since) const {
  return clock_.Now() - std::chrono::duration_cast<WallTime::duration>(clock_.Steady() - since);
}

TokenQueue* FloorTokens::Find(Queues* queues, std::string_view token,
                              const DeviceId& device) const {
  const auto found = queues->find(token);
  if (found != queues->end()) return &found->second;
  const auto limit = limits_.find(std::string(token));
  // Classes come from plans, but it is devices that name them here: not without end, and no device
  // may take them all.
  const auto asks = [&device](const auto& queue) { return queue.second.CountOf(device) > 0; };
  const bool many = queues->size() >= kTokenClassesMax ||
                    std::count_if(queues->begin(), queues->end(), asks) >= kStepsInFlightMax;
  if (limit == limits_.end() && many) {
    log::Warning("too many token classes", {{"token", token}, {"device", device.text()}});
    return nullptr;
  }
  return &queues
              ->try_emplace(std::string(token),
                            limit == limits_.end() ? kTokensDefault : limit->second,
                            kTokenWaitersMax, kTokenLease)
              .first->second;
}

void FloorTokens::TellChanges(std::string_view token, TokenQueue* queue) {
  for (const auto& told : queue->TakeChanges(kTokenPlacesTold)) {
    Tell(told.user.device, AnswerFor(token, told.user, told.place));
  }
}

void FloorTokens::Tell(const DeviceId& device, TokenAnswer answer) {
  const auto link = live_.Find(device);
  // Not told: it asks again, or its lease ends.
  if (link != nullptr) link->Tell(std::move(answer));
}

}  // namespace preseal::server
