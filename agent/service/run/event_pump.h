// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "agent/service/run/run_store.h"
#include "agent/service/session/session_channel.h"

namespace preseal::agent {

// Chooses what goes up next on one connection: every log's events once, oldest run first, in
// batches of at most kEventBatchMax, with at most kUnackedBatchesMax of them unacked. A new
// connection gets a new pump, which begins behind what each log knows to be acked. Not thread-safe.
class EventPump {
 public:
  // Nothing when there is nothing to send or too much is unacked. Errors as RunLog::Read.
  StatusOr<std::optional<EventBatch>> Next(const std::vector<std::shared_ptr<RunLog>>& logs);
  void OnAck(const RunId& run_id, uint64_t sequence);
  size_t unacked_batches() const { return unacked_.size(); }

 private:
  struct Sent {
    RunId run_id;
    uint64_t last;
  };
  std::map<RunId, uint64_t> sent_;  // highest sequence sent on this connection
  std::deque<Sent> unacked_;
};

}  // namespace preseal::agent
