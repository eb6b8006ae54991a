// SPDX-License-Identifier: Apache-2.0
#include "server/cli/stream.h"

namespace preseal::server::cli {
namespace {

constexpr auto kPause = std::chrono::milliseconds(300);
// A stream that lived so long was well, even if nothing happened on it.
constexpr auto kWellAfter = std::chrono::seconds(5);

}  // namespace

void Reopening::Opened() { opened_ = Steady::now(); }

void Reopening::GotMessage() {
  ever_spoke_ = true;
  failing_since_.reset();
}

bool Reopening::WaitAfter(const grpc::Status& status, Interrupts& interrupts) {
  if (!ever_spoke_) return false;
  const auto now = Steady::now();
  if (now - opened_ > kWellAfter) failing_since_.reset();
  switch (status.error_code()) {
    case grpc::StatusCode::DEADLINE_EXCEEDED:  // ours: see kCliStreamTimeout
      return true;
    case grpc::StatusCode::OK:  // a watch has no end of its own
    case grpc::StatusCode::UNAVAILABLE:
      if (!failing_since_) failing_since_ = now;
      if (now - *failing_since_ > kCliReconnectWithin) return false;
      interrupts.WaitFor(kPause);
      return true;
    default:
      return false;
  }
}

}  // namespace preseal::server::cli
