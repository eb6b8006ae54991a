// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "common/base/limits.h"
#include "common/grpcutil/status.h"
#include "common/status/status.h"
#include "server/adapters/grpc/workers.h"
#include "server/service/change_feed.h"

namespace preseal::server {

// A server stream that follows the change feed. `next` fills the next message and says whether
// there is one; it runs on a worker, one call at a time, and again after each message until it has
// nothing more. `heartbeat` tells it that nothing was sent for a while: it should then send, and
// check again that the caller may still watch. An error from `next` ends the stream.
template <typename Response>
class FeedReactor final : public grpc::ServerWriteReactor<Response> {
 public:
  using Next = std::function<StatusOr<bool>(bool heartbeat, Response* out)>;

  // Owns itself until the call is over.
  static grpc::ServerWriteReactor<Response>* Start(ChangeFeed& feed, Workers& workers, Next next) {
    auto reactor = std::shared_ptr<FeedReactor>(new FeedReactor(feed, workers, std::move(next)));
    reactor->self_ = reactor;
    auto id = feed.Subscribe([weak = std::weak_ptr(reactor)] {
      if (const auto live = weak.lock()) live->Pump();
    });
    if (!id.ok()) {
      reactor->End(id.status());
    } else {
      reactor->subscription_ = *id;
      reactor->Pump();
    }
    return reactor.get();
  }

 private:
  FeedReactor(ChangeFeed& feed, Workers& workers, Next next)
      : feed_(feed), workers_(workers), next_(std::move(next)) {}

  // Makes sure that `next` will look again, now or after the write under way.
  void Pump() {
    {
      const std::lock_guard lock(mutex_);
      if (ended_) return;
      again_ = true;
      if (busy_) return;
      busy_ = true;
    }
    Post();
  }

  void Post() {
    const bool taken = workers_.Post([self = self_weak()] {
      if (const auto live = self.lock()) live->Step();
    });
    if (!taken) End(Unavailable("the server is busy or draining: reconnect"));
  }

  void Step() {
    {
      const std::lock_guard lock(mutex_);
      if (ended_) return;
      again_ = false;
    }
    if (feed_.stopped()) return End(Unavailable("the server is draining: reconnect"));
    const auto now = std::chrono::steady_clock::now();
    message_.Clear();
    const auto more = next_(now - last_write_ >= kWatchHeartbeat, &message_);
    if (!more.ok()) return End(more.status());
    if (*more) {
      last_write_ = now;
      this->StartWrite(&message_);  // OnWriteDone goes on
      return;
    }
    {
      const std::lock_guard lock(mutex_);
      busy_ = again_;
      if (!busy_) return;
    }
    Post();
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return End(Cancelled("the watcher is gone"));
    Post();
  }

  void OnCancel() override { End(Cancelled("the watcher is gone")); }

  void End(const Status& status) {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(ended_, true)) return;
    }
    this->Finish(grpcutil::ToGrpc(status));
  }

  void OnDone() override {
    if (subscription_ != 0) feed_.Unsubscribe(subscription_);
    const auto last = std::move(self_);
  }

  std::weak_ptr<FeedReactor> self_weak() { return self_; }

  ChangeFeed& feed_;
  Workers& workers_;
  const Next next_;
  std::shared_ptr<FeedReactor> self_;
  uint64_t subscription_ = 0;
  std::mutex mutex_;
  bool busy_ = false;   // a step or a write is under way
  bool again_ = false;  // something changed since the step began
  bool ended_ = false;
  Response message_;
  std::chrono::steady_clock::time_point last_write_;
};

}  // namespace preseal::server
