// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/join/plan_join_items.h"

#include "preseal/plan/v1/plan.pb.h"

namespace preseal::server {

StatusOr<std::optional<JoinItem>> PlanJoinItems::Find(ByteView plan,
                                                      std::string_view item_id) const {
  plan::v1::Plan parsed;
  if (!parsed.ParseFromArray(plan.data(), static_cast<int>(plan.size()))) {
    return DataLoss("the run's plan does not parse");
  }
  for (const plan::v1::Step& step : parsed.steps()) {
    if (step.item_id() != item_id) continue;
    if (!step.has_offline_join()) return std::optional<JoinItem>();
    return std::optional(JoinItem{step.offline_join().domain(), parsed.device_name()});
  }
  return std::optional<JoinItem>();
}

}  // namespace preseal::server
