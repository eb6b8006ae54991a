// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/service/flow/run_commands.h"

namespace preseal::server {

// Reads preseal.plan.v1.Plan.
class PlanPrompts final : public PromptReader {
 public:
  StatusOr<PromptRules> Find(ByteView plan, std::string_view item_id) const override;
};

}  // namespace preseal::server
