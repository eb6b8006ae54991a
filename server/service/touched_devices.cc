// SPDX-License-Identifier: Apache-2.0
#include "server/service/touched_devices.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/limits.h"
#include "server/domain/assignment/targets.h"

namespace preseal::server {
namespace {

DeviceFilter NotSealedYet() {
  return {.batch = {},
          .states = {DeviceState::kRegistered, DeviceState::kPresent, DeviceState::kEnrolled,
                     DeviceState::kProvisioning, DeviceState::kReadyToSeal, DeviceState::kFailed},
          .query = ""};
}

bool Has(const FrozenPlan& plan, const std::string& item_id) {
  return std::any_of(plan.items.begin(), plan.items.end(),
                     [&](const Item& item) { return item.item_id.text() == item_id; });
}

bool Matches(const Library& library, const std::string& group, const DeviceFacts& facts) {
  const auto it = library.groups.find(group);
  return it != library.groups.end() && it->second.rule.Matches(facts);
}

bool Targets(const Library& library, const std::string& assignment, const Device& device) {
  const auto it = library.assignments.find(assignment);
  if (it == library.assignments.end()) return false;
  PlanSubject subject;
  subject.facts = FactsForRules(device);
  subject.assigned_user = device.assigned_user;
  return TargetOf(it->second, library, subject).has_value() ||
         ExclusionOf(it->second, library, subject).has_value();
}

// One device under both libraries. A plan that cannot be made counts as an empty one.
struct Both {
  const Device& device;
  const Library& before;
  const Library& after;
  FrozenPlan old_plan;
  FrozenPlan new_plan;

  bool IsAbout(DocumentKind kind, const std::string& id) const {
    const DeviceFacts facts = FactsForRules(device);
    switch (kind) {
      case DocumentKind::kDeploymentProfile:
        return old_plan.profile == id || new_plan.profile == id;
      case DocumentKind::kItem:
        return Has(old_plan, id) || Has(new_plan, id);
      case DocumentKind::kGroup:
        return Matches(before, id, facts) != Matches(after, id, facts);
      case DocumentKind::kAssignment:
        return Targets(before, id, device) || Targets(after, id, device);
    }
    return false;
  }
};

FrozenPlan PlanOrNone(const ProfileDesk& profiles, const Library& library, const Device& device) {
  auto plan = profiles.PlanFrom(library, device);
  return plan.ok() ? *std::move(plan) : FrozenPlan{};
}

// A rule is about every device, sealed and retired ones too.
StatusOr<std::vector<std::string>> GroupWarnings(Tx& tx, const Library& library) {
  if (library.groups.empty()) return std::vector<std::string>{};
  GroupCensus census(library);
  std::optional<DeviceId> after;
  while (true) {
    ASSIGN_OR_RETURN(const auto page, tx.devices.List({}, after, kPageSizeMax));
    for (const Device& device : page) census.Count(FactsForRules(device));
    if (page.size() < static_cast<size_t>(kPageSizeMax)) return census.Warnings();
    after = page.back().id;
  }
}

}  // namespace

StatusOr<TouchedDevices> CountTouched(
    Tx& tx, const ProfileDesk& profiles, const Library& before, const Library& after,
    const std::vector<std::pair<DocumentKind, std::string>>& documents) {
  TouchedDevices touched;
  touched.counts.resize(documents.size());
  ASSIGN_OR_RETURN(const auto devices,
                   tx.devices.List(NotSealedYet(), {}, static_cast<int>(kTouchedDevicesMax) + 1));
  size_t looked_at = 0;
  for (const Device& device : devices) {
    if (looked_at++ == kTouchedDevicesMax) {
      touched.warnings.push_back(
          fmt::format("only the first {} devices that are not sealed were counted: more may change",
                      kTouchedDevicesMax));
      break;
    }
    const Both both{device, before, after, PlanOrNone(profiles, before, device),
                    PlanOrNone(profiles, after, device)};
    if (both.old_plan.profile_digest == both.new_plan.profile_digest) continue;
    for (size_t i = 0; i < documents.size(); ++i) {
      if (both.IsAbout(documents[i].first, documents[i].second)) ++touched.counts[i];
    }
  }
  ASSIGN_OR_RETURN(const auto groups, GroupWarnings(tx, after));
  touched.warnings.insert(touched.warnings.end(), groups.begin(), groups.end());
  return touched;
}

}  // namespace preseal::server
