// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "server/adapters/http/call_metadata.h"
#include "server/adapters/http/rpc_protocol.h"

namespace preseal::server::http {

// Counts running calls against a limit; shared by the calls of a gateway. Thread-safe.
class CallCounter {
 public:
  explicit CallCounter(size_t calls_max) : calls_max_(calls_max) {}
  bool Enter() {
    if (running_.fetch_add(1) < calls_max_) return true;
    running_.fetch_sub(1);
    return false;
  }
  void Leave() { running_.fetch_sub(1); }

 private:
  const size_t calls_max_;
  std::atomic<size_t> running_ = 0;
};

// One RPC through the gateway, unary or server streaming. It keeps itself alive from Start until
// gRPC reports the end. gRPC's callbacks come on gRPC's threads and only post to the connection's
// strand, where everything else happens.
//
// Reads: one outstanding, the next is asked for once the connection keeps up (backpressure). As
// reads are started from outside gRPC's callbacks the call is on hold until the last read failed or
// will never be asked for; the hold is removed exactly once. The first read is asked for at once:
// in process, gRPC drops a message that comes in one batch with the status (unary answers, and
// StartWriteAndFinish) if nobody is reading then. So handlers of streams finish apart from their
// last write.
class GatewayCall final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                          public std::enable_shared_from_this<GatewayCall> {
 public:
  // `counter` was entered; the call leaves it at its end. `method` outlives the call.
  GatewayCall(const Method& method, std::unique_ptr<RpcProtocol> protocol,
              std::shared_ptr<Responder> out, std::shared_ptr<CallCounter> counter);
  ~GatewayCall() override;

  // On the strand. `timeout` absent means none.
  void Start(grpc::GenericStub& stub, const Metadata& metadata, const std::string& request,
             std::optional<std::chrono::nanoseconds> timeout);

 private:
  void OnReadInitialMetadataDone(bool ok) override;
  void OnReadDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  // On the strand.
  void Begin(bool accepted);
  void Deliver(const grpc::ByteBuffer& message);
  void ReadOn();
  void Abort();
  void Finish(const grpc::Status& status);

  const Method& method_;
  const std::unique_ptr<RpcProtocol> protocol_;
  const std::shared_ptr<Responder> out_;
  const std::shared_ptr<CallCounter> counter_;
  grpc::ClientContext context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer incoming_;
  std::shared_ptr<GatewayCall> self_;
  Status failure_;                         // ours, overrides the handler's status
  bool begun_ = false;                     // initial metadata was dealt with
  std::optional<grpc::ByteBuffer> early_;  // a message that overtook the initial metadata
  bool aborted_ = false;                   // the client is gone or a message did not convert
  bool paused_ = false;  // no read outstanding; waiting for the connection to drain
};

}  // namespace preseal::server::http
