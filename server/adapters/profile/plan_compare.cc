// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <google/protobuf/util/message_differencer.h>

#include <map>

#include "server/adapters/profile/plan_encoder.h"

namespace preseal::server {
namespace {

namespace plv1 = plan::v1;
using google::protobuf::util::MessageDifferencer;

using Steps = std::map<std::string, const plv1::Step*>;

StatusOr<plv1::Plan> Parse(ByteView bytes) {
  plv1::Plan plan;
  if (!plan.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return InvalidArgument("this is no plan");
  }
  return plan;
}

Steps StepsOf(const plv1::Plan& plan) {
  Steps steps;
  for (const plv1::Step& step : plan.steps()) steps.emplace(step.item_id(), &step);
  return steps;
}

// Where a change has a name people use, it is told; else it is just a change.
std::string ChangeOf(plv1::Step before, plv1::Step after) {
  before.clear_origin();
  after.clear_origin();
  if (MessageDifferencer::Equals(before, after)) return "";
  const auto& old_package = before.package();
  const auto& new_package = after.package();
  if (old_package.package_version() != new_package.package_version()) {
    return fmt::format("version {} -> {}", old_package.package_version(),
                       new_package.package_version());
  }
  if (before.gating() != after.gating()) return "blocks or not, differently";
  if (old_package.artifact().sha256() != new_package.artifact().sha256() ||
      before.file().artifact().sha256() != after.file().artifact().sha256()) {
    return "other content";
  }
  return "changed";
}

bool SameSettings(plv1::Plan before, plv1::Plan after) {
  for (plv1::Plan* plan : {&before, &after}) {
    plan->clear_steps();
    plan->clear_profile();
    plan->clear_profile_digest();
    plan->clear_profile_version();
    plan->clear_device_name();
  }
  return MessageDifferencer::Equals(before, after);
}

}  // namespace

StatusOr<std::vector<std::string>> ComparePlans(ByteView before_bytes, ByteView after_bytes) {
  ASSIGN_OR_RETURN(const plv1::Plan before, Parse(before_bytes));
  ASSIGN_OR_RETURN(const plv1::Plan after, Parse(after_bytes));
  std::vector<std::string> lines;
  if (before.profile() != after.profile()) {
    lines.push_back(fmt::format("profile {} -> {}", before.profile(), after.profile()));
  }
  const Steps old_steps = StepsOf(before);
  const Steps new_steps = StepsOf(after);
  for (const plv1::Step& step : after.steps()) {
    const auto old = old_steps.find(step.item_id());
    if (old == old_steps.end()) {
      lines.push_back(fmt::format("+ {} ({})", step.display_name(), step.origin()));
    } else if (const std::string change = ChangeOf(*old->second, step); !change.empty()) {
      lines.push_back(fmt::format("~ {}: {}", step.display_name(), change));
    }
  }
  for (const plv1::Step& step : before.steps()) {
    if (!new_steps.contains(step.item_id())) {
      lines.push_back(fmt::format("- {}", step.display_name()));
    }
  }
  if (!SameSettings(before, after)) lines.push_back("~ settings of the profile");
  return lines;
}

}  // namespace preseal::server
