// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/service/join/join_provider.h"

namespace preseal::server {

// JoinPlans over preseal.plan.v1. Thread-safe.
class PlanJoinItems final : public JoinPlans {
 public:
  StatusOr<std::optional<JoinItem>> Find(ByteView plan, std::string_view item_id) const override;
};

}  // namespace preseal::server
