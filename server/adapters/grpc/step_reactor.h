// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <utility>

#include "common/grpcutil/status.h"
#include "common/log/log.h"
#include "common/status/status.h"
#include "server/adapters/grpc/workers.h"

namespace preseal::server {

// A server stream with an end. `next` fills the next message, or says with false that there is no
// more; an error ends the stream. It runs on a worker, one call at a time, the next one once the
// message before is on its way, so that no more than one waits for a slow reader. It must come back
// soon: a caller who is gone, and a server that drains, are noticed in between.
template <typename Response>
class StepReactor final : public grpc::ServerWriteReactor<Response> {
 public:
  using Next = std::function<StatusOr<bool>(Response* out)>;

  // Owns itself until the call is over.
  static grpc::ServerWriteReactor<Response>* Start(Workers& workers, Next next) {
    auto reactor = std::shared_ptr<StepReactor>(new StepReactor(workers, std::move(next)));
    reactor->self_ = reactor;
    reactor->Post();
    return reactor.get();
  }

 private:
  StepReactor(Workers& workers, Next next) : workers_(workers), next_(std::move(next)) {}

  void Post() {
    const bool taken = workers_.Post([self = self_] { self->Step(); });
    if (!taken) End(Unavailable("the server is busy or draining: try again"));
  }

  void Step() {
    if (cancelled_) return End(Cancelled("the caller is gone"));
    message_.Clear();
    const StatusOr<bool> more = Guarded();
    if (!more.ok()) return End(more.status());
    if (!*more) return End(OkStatus());
    this->StartWrite(&message_);  // OnWriteDone goes on
  }

  // Libraries below may throw (out of memory); the call must still end.
  StatusOr<bool> Guarded() {
    try {
      return next_(&message_);
    } catch (const std::exception& error) {
      log::Error("exception in a stream", {{"what", error.what()}});
      return Internal("handler failed");
    }
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return End(Cancelled("the caller is gone"));
    Post();
  }

  // The step or write under way ends the call.
  void OnCancel() override { cancelled_ = true; }

  void End(const Status& status) { this->Finish(grpcutil::ToGrpc(status)); }

  void OnDone() override { const auto last = std::move(self_); }

  Workers& workers_;
  const Next next_;
  std::shared_ptr<StepReactor> self_;
  std::atomic<bool> cancelled_{false};
  Response message_;
};

}  // namespace preseal::server
