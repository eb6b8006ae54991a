// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/support/sync_stream.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "common/base/limits.h"
#include "common/status/status.h"
#include "server/cli/connection.h"
#include "server/cli/interrupts.h"

namespace preseal::server::cli {

// Decides whether a broken stream is opened again. A stream that never said anything is not: the
// first connection fails fast.
class Reopening {
 public:
  void Opened();
  void GotMessage();
  // After a pause that Ctrl-C ends, true if it is to be opened again.
  bool WaitAfter(const grpc::Status& status, Interrupts& interrupts);

 private:
  using Steady = std::chrono::steady_clock;
  bool ever_spoke_ = false;
  Steady::time_point opened_;
  std::optional<Steady::time_point> failing_since_;
};

// Reads a server's stream until `on_message` says false, Ctrl-C (both success), or an error. A
// stream that the server's restart broke is opened again for kCliReconnectWithin; `open` puts the
// cursor it has reached into its request. DeadlineExceeded once `until` has passed.
template <typename Response>
Status ReadStream(
    const Connection& connection, Interrupts& interrupts,
    const std::function<std::unique_ptr<grpc::ClientReader<Response>>(grpc::ClientContext*)>& open,
    const std::function<bool(const Response&)>& on_message,
    std::optional<std::chrono::steady_clock::time_point> until = std::nullopt) {
  using Steady = std::chrono::steady_clock;
  Reopening reopening;
  while (true) {
    auto timeout = std::chrono::milliseconds(kCliStreamTimeout);
    if (until) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(*until - Steady::now());
      if (left.count() <= 0) return DeadlineExceeded("it took longer than the time given");
      timeout = std::min(timeout, left);
    }
    const std::unique_ptr<grpc::ClientContext> context = connection.NewContext(timeout);
    interrupts.OnInterrupt([&context] { context->TryCancel(); });
    reopening.Opened();
    const auto reader = open(context.get());
    bool enough = false;
    for (Response message; !enough && reader->Read(&message);) {
      reopening.GotMessage();
      enough = !on_message(message);
    }
    if (enough) context->TryCancel();
    const grpc::Status status = reader->Finish();
    interrupts.OnInterrupt(nullptr);
    if (enough || interrupts.interrupted()) return OkStatus();
    if (!reopening.WaitAfter(status, interrupts)) return connection.Explain(status);
    if (interrupts.interrupted()) return OkStatus();
  }
}

// Reads a stream that has an end, once: what was broken is not opened again, for half of it may be
// on paper already. `on_message` says false to stop. Cancelled on Ctrl-C.
template <typename Response>
Status ReadToEnd(
    const Connection& connection,
    const std::function<std::unique_ptr<grpc::ClientReader<Response>>(grpc::ClientContext*)>& open,
    const std::function<bool(const Response&)>& on_message) {
  Interrupts interrupts;
  const std::unique_ptr<grpc::ClientContext> context = connection.NewContext(kCliStreamTimeout);
  interrupts.OnInterrupt([&context] { context->TryCancel(); });
  const auto reader = open(context.get());
  bool enough = false;
  for (Response message; !enough && reader->Read(&message);) enough = !on_message(message);
  if (enough) context->TryCancel();
  const grpc::Status status = reader->Finish();
  interrupts.OnInterrupt(nullptr);
  if (interrupts.interrupted()) return Cancelled("interrupted");
  return enough || status.ok() ? OkStatus() : connection.Explain(status);
}

}  // namespace preseal::server::cli
