// SPDX-License-Identifier: Apache-2.0
#include "agent/service/run/event_pump.h"

#include <algorithm>
#include <utility>

#include "common/base/limits.h"

namespace preseal::agent {

StatusOr<std::optional<EventBatch>> EventPump::Next(
    const std::vector<std::shared_ptr<RunLog>>& logs) {
  if (unacked_.size() >= kUnackedBatchesMax) return std::optional<EventBatch>();
  for (const auto& log : logs) {
    const RunId& run_id = log->header().run_id;
    const uint64_t after = std::max(sent_[run_id], log->acked());
    if (after + 1 >= log->next_sequence()) continue;
    ASSIGN_OR_RETURN(auto events, log->Read(after, kEventBatchMax, kEventBatchBytesMax));
    if (events.empty()) continue;
    sent_[run_id] = events.back().sequence;
    unacked_.push_back({run_id, events.back().sequence});
    return std::optional(EventBatch{run_id, std::move(events)});
  }
  return std::optional<EventBatch>();
}

void EventPump::OnAck(const RunId& run_id, uint64_t sequence) {
  std::erase_if(unacked_, [&run_id, sequence](const Sent& sent) {
    return sent.run_id == run_id && sent.last <= sequence;
  });
}

}  // namespace preseal::agent
