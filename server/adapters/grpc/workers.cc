// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/workers.h"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <exception>
#include <utility>

#include "common/grpcutil/status.h"
#include "common/log/log.h"

namespace preseal::server {

struct Workers::Pool {
  explicit Pool(size_t count) : threads(count) {}
  boost::asio::thread_pool threads;
};

Workers::Workers(size_t threads, size_t queue_max)
    : queue_max_(queue_max), pool_(std::make_unique<Pool>(threads)) {}

Workers::~Workers() { Stop(); }

bool Workers::Post(std::function<void()> work) {
  if (stopped_ || queued_.fetch_add(1) >= queue_max_) {
    queued_.fetch_sub(1);
    return false;
  }
  boost::asio::post(pool_->threads, [this, work = std::move(work)] {
    queued_.fetch_sub(1);
    try {
      work();
    } catch (const std::exception& error) {
      // Libraries below us may throw (out of memory); the server goes on without this call.
      log::Error("exception in a worker", {{"what", error.what()}});
    }
  });
  return true;
}

grpc::ServerUnaryReactor* Workers::Serve(grpc::CallbackServerContext* context,
                                         std::function<Status()> work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const bool taken = Post([reactor, work = std::move(work)] {
    Status status = Internal("handler failed");
    try {
      status = work();
    } catch (const std::exception& error) {
      log::Error("exception in a handler", {{"what", error.what()}});
    }
    reactor->Finish(grpcutil::ToGrpc(status));
  });
  if (!taken) reactor->Finish(grpcutil::ToGrpc(ResourceExhausted("the server is busy, try again")));
  return reactor;
}

void Workers::Stop() {
  stopped_ = true;
  pool_->threads.join();
}

}  // namespace preseal::server
