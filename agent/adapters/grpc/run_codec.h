// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/service/session/wire_codec.h"

namespace preseal::agent {

// WireCodec over preseal.progress.v1 and preseal.plan.v1. Stateless.
class RunCodec final : public WireCodec {
 public:
  Bytes EncodeEvent(const Event& event) const override;
  StatusOr<Event> DecodeEvent(ByteView bytes) const override;
  StatusOr<Plan> DecodePlan(ByteView bytes) const override;
};

}  // namespace preseal::agent
