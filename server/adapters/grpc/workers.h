// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <functional>
#include <memory>

#include "common/status/status.h"

namespace preseal::server {

// Threads for handlers that block on the disk, so that gRPC's own few threads never do. The queue
// is bounded. Thread-safe.
class Workers {
 public:
  Workers(size_t threads, size_t queue_max);
  ~Workers();  // finishes what is queued
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Runs `work` on a worker. False when the queue is full or after Stop: `work` is dropped.
  bool Post(std::function<void()> work);
  // Serves a unary call: runs `work` and finishes the call with what it returns, or with
  // RESOURCE_EXHAUSTED when the queue is full. `work` may use the call's request and response.
  grpc::ServerUnaryReactor* Serve(grpc::CallbackServerContext* context,
                                  std::function<Status()> work);
  // No more work is taken; returns when what was queued has run.
  void Stop();

 private:
  struct Pool;
  const size_t queue_max_;
  std::atomic<size_t> queued_{0};
  std::atomic<bool> stopped_{false};
  std::unique_ptr<Pool> pool_;
};

}  // namespace preseal::server
