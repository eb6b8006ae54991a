// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "tests/bench/site.h"

namespace preseal::bench {

class LoadStream;

struct LoadPlan {
  int batch = 1;                   // events in a message, 1..kEventBatchMax
  std::chrono::milliseconds time;  // of sending; then every ack is awaited
};

struct LoadResult {
  uint64_t events = 0;  // acked
  double seconds = 0;   // first message to last ack
};

// Device streams, each over a TLS connection of its own. Used by one thread.
class SessionLoad {
 public:
  // Connects all of `devices` to `endpoint`; returns when each was welcomed.
  static StatusOr<std::unique_ptr<SessionLoad>> Connect(const std::string& endpoint,
                                                        const std::string& server_ca_pem,
                                                        const std::vector<LoadDevice>& devices);
  ~SessionLoad();

  // Every stream sends as fast as it may with kUnackedBatchesMax batches in flight. May be called
  // again; sequences go on.
  StatusOr<LoadResult> Run(const LoadPlan& plan);

 private:
  SessionLoad() = default;
  std::vector<std::unique_ptr<LoadStream>> streams_;
};

}  // namespace preseal::bench
