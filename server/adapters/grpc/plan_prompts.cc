// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/plan_prompts.h"

#include <fmt/format.h>

#include "preseal/plan/v1/plan.pb.h"

namespace preseal::server {

StatusOr<PromptRules> PlanPrompts::Find(ByteView bytes, std::string_view item_id) const {
  plan::v1::Plan plan;
  if (!plan.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return DataLoss("a stored plan cannot be read");
  }
  for (const plan::v1::Step& step : plan.steps()) {
    if (step.item_id() != item_id || !step.has_prompt()) continue;
    return PromptRules{{step.prompt().choices().begin(), step.prompt().choices().end()},
                       step.prompt().pattern()};
  }
  return NotFound(fmt::format("the plan asks nothing under the name {}", item_id));
}

}  // namespace preseal::server
