// SPDX-License-Identifier: Apache-2.0
// Inside server/adapters/grpc only: how a client's stream of chunks is taken in.
#pragma once

#include <grpcpp/support/server_callback.h>

#include "common/grpcutil/status.h"
#include "common/status/status.h"
#include "server/adapters/grpc/workers.h"

namespace preseal::server {

// Takes one message at a time, on workers, for it goes to the disk: the client is read no faster
// than that. Owns itself until the call is over.
template <typename Request>
class ChunkReactor : public grpc::ServerReadReactor<Request> {
 public:
  // Once. `allowed` is what the caller may: an error ends the call before a byte is read.
  void Begin(const Status& allowed) {
    if (!allowed.ok()) return this->Finish(grpcutil::ToGrpc(allowed));
    this->StartRead(&request_);
  }

  void OnReadDone(bool ok) final {
    const bool taken = workers_.Post([this, ok] { ok ? TakeOne() : End(); });
    if (taken) return;
    this->Finish(grpcutil::ToGrpc(Unavailable("the server is busy or draining: try again")));
  }

  void OnDone() final { delete this; }

 protected:
  explicit ChunkReactor(Workers& workers) : workers_(workers) {}

  // One message; an error ends the call.
  virtual Status Take(const Request& request) = 0;
  // After the last one, also where the connection broke: fills the response.
  virtual Status Complete() = 0;

 private:
  void TakeOne() {
    const Status status = Take(request_);
    if (!status.ok()) return this->Finish(grpcutil::ToGrpc(status));
    this->StartRead(&request_);
  }
  void End() { this->Finish(grpcutil::ToGrpc(Complete())); }

  Workers& workers_;
  Request request_;
};

}  // namespace preseal::server
