// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "common/base/limits.h"
#include "server/domain/assignment/gating.h"
#include "server/domain/assignment/item_order.h"
#include "server/domain/assignment/resolve.h"
#include "server/domain/assignment/targets.h"

namespace preseal::server {
namespace {

std::string Join(const std::vector<std::string>& reasons) {
  return fmt::format("{}", fmt::join(reasons, "; "));
}

// An item the documents speak of for this device, and what each of them says.
struct Candidate {
  const ItemSpec* spec = nullptr;
  std::vector<std::string> reasons;     // to have it
  std::vector<std::string> exclusions;  // beat every reason
  std::vector<std::string> offers;      // available, not required
};

// Gathers candidates: the profile's own first, in their order, then assigned ones by id.
class Gatherer {
 public:
  Gatherer(const Library& library, const PlanSubject& subject, const DeploymentProfile& profile)
      : library_(library), subject_(subject), profile_(profile) {}

  std::vector<Candidate> Run() {
    const std::string own = fmt::format("profile {}", profile_.settings.id);
    for (const auto& entry : profile_.items) {
      const auto* mention = std::get_if<Mention>(&entry);
      const ItemSpec* spec = mention ? Find(mention->id) : &std::get<ItemSpec>(entry);
      if (spec != nullptr) Of(*spec).reasons.push_back(own);
    }
    for (const auto& [id, assignment] : library_.assignments) AddAssigned(assignment);
    std::stable_sort(candidates_.begin() + static_cast<ptrdiff_t>(own_), candidates_.end(),
                     [](const auto& a, const auto& b) {
                       return std::tuple(a.spec->category, a.spec->id) <
                              std::tuple(b.spec->category, b.spec->id);
                     });
    return std::move(candidates_);
  }

 private:
  const ItemSpec* Find(const std::string& id) const {
    const auto it = library_.items.find(id);
    return it == library_.items.end() ? nullptr : &it->second;
  }

  Candidate& Of(const ItemSpec& spec) {
    const auto it = std::find_if(candidates_.begin(), candidates_.end(),
                                 [&spec](const Candidate& c) { return c.spec->id == spec.id; });
    if (it != candidates_.end()) return *it;
    if (!assigned_) ++own_;
    return candidates_.emplace_back(Candidate{.spec = &spec});
  }

  void AddAssigned(const Assignment& assignment) {
    assigned_ = true;
    const auto exclusion = ExclusionOf(assignment, library_, subject_);
    const auto target = TargetOf(assignment, library_, subject_);
    if (!target && !exclusion) return;
    for (const Mention& mention : assignment.items) {
      const ItemSpec* spec = Find(mention.id);
      if (spec == nullptr) continue;
      const auto& match = exclusion ? exclusion : target;
      std::string reason = fmt::format("assignment {}: {}", assignment.id, match->reason);
      Candidate& candidate = Of(*spec);
      if (exclusion) {
        candidate.exclusions.push_back(std::move(reason));
      } else if (assignment.intent == Intent::kAvailable) {
        candidate.offers.push_back(std::move(reason));
      } else {
        candidate.reasons.push_back(std::move(reason));
      }
    }
  }

  const Library& library_;
  const PlanSubject& subject_;
  const DeploymentProfile& profile_;
  std::vector<Candidate> candidates_;
  size_t own_ = 0;
  bool assigned_ = false;
};

class Planner {
 public:
  Planner(const Library& library, const PlanSubject& subject, const ProfileSelection& selection)
      : library_(library), subject_(subject), selection_(selection) {}

  StatusOr<EffectivePlan> Run(const std::string& device_name) {
    plan_.flow = subject_.flow;
    plan_.profile = selection_.profile->settings;
    plan_.profiles = selection_.verdicts;
    plan_.groups = selection_.groups;
    plan_.device_name = device_name;
    if (plan_.profile.join.hybrid()) plan_.profile.esp.timeout += kEspHybridExtra;
    AddJoin();
    for (const Candidate& candidate : Gatherer(library_, subject_, *selection_.profile).Run()) {
      Place(candidate);
    }
    BringBackNeeded();
    AddQualityUpdates();
    PutInOrder();
    WarnOfList();
    if (plan_.items.empty()) {
      return FailedPrecondition(fmt::format(
          "profile {} gives this device nothing to run: assign items to it", plan_.profile.id));
    }
    if (plan_.items.size() > kPlanStepsMax) {
      return FailedPrecondition(fmt::format("{} items for one device, at most {} are possible",
                                            plan_.items.size(), kPlanStepsMax));
    }
    return std::move(plan_);
  }

 private:
  bool technician() const { return subject_.flow == Flow::kTechnician; }

  void AddBuiltin(Builtin builtin, const char* id, const char* name, Phase phase,
                  std::string reason) {
    PlannedItem item;
    item.spec = {.id = id, .display_name = name, .category = Category::kJoin};
    item.builtin = builtin;
    item.phase = phase;
    item.reason = std::move(reason);
    item.gating_reason = "blocking: a device without it is not what was ordered";
    plan_.items.push_back(std::move(item));
  }

  void LeaveOut(const ItemSpec& spec, std::string reason) {
    plan_.left_out.push_back({spec.id, spec.display_name, std::move(reason)});
  }

  void AddJoin() {
    const ProfileSettings& profile = plan_.profile;
    if (technician() && !plan_.device_name.empty()) {
      AddBuiltin(Builtin::kSetName, kSetNameItem, "Name the device", Phase::kDevicePreparation,
                 fmt::format("name template {}", profile.name_template));
    } else if (!plan_.device_name.empty()) {
      LeaveOut({.id = kSetNameItem, .display_name = "Name the device"},
               "renamed in the technician flow already");
    }
    if (!profile.join.hybrid()) return;
    const std::string why =
        fmt::format("hybrid join of {} ({})", profile.join.domain, profile.join.provider);
    if (technician()) {
      AddBuiltin(Builtin::kOfflineJoin, kOfflineJoinItem, "Join your organisation's directory",
                 Phase::kDevicePreparation, why);
      if (!plan_.device_name.empty()) plan_.items.back().after = {kSetNameItem};
    } else {
      AddBuiltin(Builtin::kDomainJoin, kDomainJoinItem, "Join your organisation's directory",
                 Phase::kDeviceSetup, why);
    }
  }

  // The first reason that keeps a candidate out decides.
  void Place(const Candidate& candidate) {
    const ItemSpec& spec = *candidate.spec;
    if (!candidate.exclusions.empty()) {
      return LeaveOut(spec, "excluded: " + Join(candidate.exclusions));
    }
    if (candidate.reasons.empty()) {
      return LeaveOut(spec, "available, not required: " + Join(candidate.offers));
    }
    if (!subject_.quarantine_profile.empty() && !IsOwn(candidate)) {
      return LeaveOut(spec, "the device is in quarantine: the quarantine profile's items only");
    }
    if (const auto reason = WrongFlow(spec)) return LeaveOut(spec, *reason);
    PlannedItem item = Planned(candidate);
    if (spec.total_timeout > plan_.profile.esp.timeout) {
      plan_.warnings.push_back(fmt::format(
          "the total_timeout of {} is longer than the run's: the run's counts", spec.id));
    }
    if (technician() && LeftForUser(plan_.profile, selection_.user_targeted, spec)) {
      waiting_.push_back(std::move(item));
    } else {
      plan_.items.push_back(std::move(item));
    }
  }

  bool IsOwn(const Candidate& candidate) const {
    return candidate.reasons.front() == fmt::format("profile {}", plan_.profile.id);
  }

  std::optional<std::string> WrongFlow(const ItemSpec& spec) const {
    const bool self_deploying = plan_.profile.mode == Mode::kSelfDeploying;
    if (spec.category == Category::kQualityUpdates) {
      if (technician()) return "quality updates run in the user flow only";
      if (!plan_.profile.esp.install_quality_updates) return "install_quality_updates is off";
      return std::nullopt;
    }
    if (spec.context != Context::kUser) return std::nullopt;
    if (technician()) return "for the user: runs in account setup of the user flow";
    if (self_deploying) return "for the user, and a self-deploying device has none";
    return std::nullopt;
  }

  PlannedItem Planned(const Candidate& candidate) const {
    const ItemSpec& spec = *candidate.spec;
    PlannedItem item;
    item.spec = spec;
    item.phase = PhaseOf(spec);
    GatingChoice gating = GatingOf(plan_.profile, selection_.user_targeted, spec);
    item.gating = gating.gating;
    item.gating_reason = std::move(gating.reason);
    item.reason = Join(candidate.reasons);
    return item;
  }

  // What is left for the user comes back if something that runs now waits for it.
  void BringBackNeeded() {
    for (size_t i = 0; i < plan_.items.size(); ++i) {
      const ItemSpec needing = plan_.items[i].spec;
      for (const Mention& after : needing.after) {
        const auto it = std::find_if(waiting_.begin(), waiting_.end(), [&after](const auto& item) {
          return item.spec.id == after.id;
        });
        if (it == waiting_.end()) continue;
        it->reason += fmt::format("; needed by {}", needing.id);
        plan_.items.push_back(std::move(*it));
        waiting_.erase(it);
      }
    }
    for (const PlannedItem& item : waiting_) {
      LeaveOut(item.spec,
               item.gating_reason + ": left for the user flow (only_fail_selected is off)");
    }
  }

  void AddQualityUpdates() {
    if (technician() || !plan_.profile.esp.install_quality_updates) return;
    const bool own = std::any_of(plan_.items.begin(), plan_.items.end(), [](const auto& item) {
      return item.spec.category == Category::kQualityUpdates;
    });
    if (own) return;
    AddBuiltin(Builtin::kQualityUpdates, kQualityUpdatesItem, "Install quality updates",
               Phase::kAccountSetup,
               fmt::format("profile {}: install_quality_updates", plan_.profile.id));
    PlannedItem& item = plan_.items.back();
    item.spec.category = Category::kQualityUpdates;
    item.gating = Gating::kTracked;
    item.gating_reason = "quality updates never hold the user";
  }

  void PutInOrder() {
    std::set<std::string, std::less<>> ids;
    for (const PlannedItem& item : plan_.items) ids.insert(item.spec.id);
    for (PlannedItem& item : plan_.items) {
      for (const Mention& after : item.spec.after) {
        if (ids.contains(after.id)) {
          item.after.push_back(after.id);
        } else {
          plan_.warnings.push_back(fmt::format(
              "{} waits for {}, which is not in this plan: ignored", item.spec.id, after.id));
        }
      }
    }
    ResolveGroups(&plan_);
    DropEndlessWaits(&plan_);
    plan_.items = InOrder(std::move(plan_.items));
  }

  void WarnOfList() {
    const EspSettings& esp = plan_.profile.esp;
    if (!esp.block_use && !esp.blocking_items.empty()) {
      plan_.warnings.push_back("block_use is off: the blocking list has no effect");
      return;
    }
    for (const Mention& mention : esp.blocking_items) {
      const auto it = std::find_if(plan_.items.begin(), plan_.items.end(),
                                   [&](const auto& item) { return item.spec.id == mention.id; });
      if (it == plan_.items.end()) {
        plan_.warnings.push_back(fmt::format(
            "{} is on the blocking list but not in this plan: the list adds nothing", mention.id));
      } else if (it->gating != Gating::kBlocking) {
        plan_.warnings.push_back(
            fmt::format("{} is on the blocking list, but {}: the list is a "
                        "filter",
                        mention.id, it->gating_reason));
      }
    }
  }

  const Library& library_;
  const PlanSubject& subject_;
  const ProfileSelection& selection_;
  std::vector<PlannedItem> waiting_;  // for the user, unless needed
  EffectivePlan plan_;
};

}  // namespace

StatusOr<EffectivePlan> MakePlan(const Library& library, const PlanSubject& subject,
                                 const ProfileSelection& selection,
                                 const std::string& device_name) {
  return Planner(library, subject, selection).Run(device_name);
}

}  // namespace preseal::server
