// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/domain/event.h"
#include "agent/domain/plan.h"
#include "common/base/bytes.h"
#include "common/status/status.h"

namespace preseal::agent {

// Events and plans as they travel. A port, because the wire belongs to the gRPC adapter while the
// journal keeps the very bytes that are sent. Thread-safe.
class WireCodec {
 public:
  virtual ~WireCodec() = default;
  // preseal.progress.v1.Event without its sequence; the same event gives the same bytes.
  virtual Bytes EncodeEvent(const Event& event) const = 0;
  // InvalidArgument if it does not parse or has no known body.
  virtual StatusOr<Event> DecodeEvent(ByteView bytes) const = 0;
  // preseal.plan.v1.Plan. InvalidArgument, naming the item, if an enum, a kind or a digest is
  // missing or unknown. What remains to be checked is CheckPlan's.
  virtual StatusOr<Plan> DecodePlan(ByteView bytes) const = 0;
};

}  // namespace preseal::agent
