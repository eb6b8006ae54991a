// SPDX-License-Identifier: Apache-2.0
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "server/domain/assignment/resolve.h"
#include "server/domain/assignment/targets.h"

namespace preseal::server {
namespace {

bool SameUser(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : int{c}; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&lower](char x, char y) { return lower(x) == lower(y); });
}

std::optional<TargetMatch> InGroups(const std::vector<Mention>& groups, const Library& library,
                                    const DeviceFacts& facts) {
  for (const Mention& mention : groups) {
    const auto group = library.groups.find(mention.id);
    if (group == library.groups.end() || !group->second.rule.Matches(facts)) continue;
    return TargetMatch{fmt::format("group {} ({})", mention.id, group->second.rule.text())};
  }
  return std::nullopt;
}

std::optional<TargetMatch> AmongUsers(const std::vector<std::string>& users,
                                      const std::string& user) {
  const bool among = !user.empty() && std::any_of(users.begin(), users.end(), [&](const auto& one) {
    return SameUser(one, user);
  });
  if (!among) return std::nullopt;
  return TargetMatch{fmt::format("user {}", user), true};
}

std::string DateOf(WallTime time) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(
                         std::chrono::time_point_cast<std::chrono::seconds>(time))));
}

// A profile the device could get, and how strongly.
struct Candidate {
  enum class Rank { kPinned, kDevice, kUser, kDefault, kBarred };
  const DeploymentProfile* profile = nullptr;
  Rank rank = Rank::kDefault;
  std::string reason;
};

class Selector {
 public:
  Selector(const Library& library, const PlanSubject& subject)
      : library_(library), subject_(subject) {}

  StatusOr<ProfileSelection> Run() {
    if (!subject_.quarantine_profile.empty()) {
      RETURN_IF_ERROR(Add(subject_.quarantine_profile, Candidate::Rank::kPinned,
                          "the device is in quarantine"));
      return Finish();
    }
    if (!subject_.pinned_profile.empty()) {
      RETURN_IF_ERROR(
          Add(subject_.pinned_profile, Candidate::Rank::kPinned, "pinned to the device"));
    }
    for (const auto& [id, assignment] : library_.assignments) {
      if (!assignment.profile.id.empty()) RETURN_IF_ERROR(AddAssigned(assignment));
    }
    if (!subject_.default_profile.empty()) {
      RETURN_IF_ERROR(Add(subject_.default_profile, Candidate::Rank::kDefault, "the default"));
    }
    return Finish();
  }

 private:
  Status Add(const std::string& id, Candidate::Rank rank, std::string reason) {
    const auto profile = library_.profiles.find(id);
    if (profile == library_.profiles.end()) {
      return NotFound(
          fmt::format("there is no deployment profile \"{}\" ({}): apply one", id, reason));
    }
    candidates_.push_back({&profile->second, rank, std::move(reason)});
    return OkStatus();
  }

  Status AddAssigned(const Assignment& assignment) {
    const auto target = TargetOf(assignment, library_, subject_);
    if (!target) return OkStatus();
    const std::string how = fmt::format("assignment {}: {}", assignment.id, target->reason);
    if (const auto exclusion = ExclusionOf(assignment, library_, subject_)) {
      return Add(assignment.profile.id, Candidate::Rank::kBarred,
                 fmt::format("{}, but excluded: {}", how, exclusion->reason));
    }
    if (target->by_user && subject_.flow == Flow::kTechnician) {
      return Add(assignment.profile.id, Candidate::Rank::kBarred,
                 fmt::format("{}, but pre-provisioning goes by the device only", how));
    }
    return Add(assignment.profile.id,
               target->by_user ? Candidate::Rank::kUser : Candidate::Rank::kDevice, how);
  }

  // Of one rank the oldest profile wins, Windows Autopilot's rule; then the id, so that the answer
  // never depends on the order of documents.
  StatusOr<ProfileSelection> Finish() {
    std::stable_sort(candidates_.begin(), candidates_.end(), [](const auto& a, const auto& b) {
      const auto key = [](const Candidate& c) {
        return std::tuple(c.rank, c.profile->settings.create_time, c.profile->settings.id);
      };
      return key(a) < key(b);
    });
    if (candidates_.empty() || candidates_.front().rank == Candidate::Rank::kBarred) {
      return FailedPrecondition(
          "no deployment profile applies: assign one to a group the device is in, pin one to it, "
          "or name a default_profile");
    }
    ProfileSelection selection;
    const Candidate& winner = candidates_.front();
    selection.profile = winner.profile;
    selection.user_targeted = winner.rank == Candidate::Rank::kUser;
    for (const Candidate& candidate : candidates_) Tell(winner, candidate, &selection);
    for (const auto& [id, group] : library_.groups) {
      if (!group.rule.Matches(subject_.facts)) continue;
      selection.groups.push_back(fmt::format("{} ({})", id, group.rule.text()));
    }
    return selection;
  }

  static void Tell(const Candidate& winner, const Candidate& candidate,
                   ProfileSelection* selection) {
    const ProfileSettings& settings = candidate.profile->settings;
    auto& told = selection->verdicts;
    const auto same = std::find_if(told.begin(), told.end(), [&settings](const auto& verdict) {
      return verdict.profile == settings.id;
    });
    if (same != told.end()) {
      same->reason += "; also " + candidate.reason;
      return;
    }
    std::string reason = candidate.reason;
    if (candidate.rank == Candidate::Rank::kDevice || candidate.rank == Candidate::Rank::kUser) {
      reason += fmt::format(", created {}", DateOf(settings.create_time));
    }
    const bool chosen = &candidate == &winner;
    if (!chosen && candidate.rank == winner.rank) {
      reason += fmt::format("; {} is older", winner.profile->settings.id);
    } else if (!chosen && candidate.rank != Candidate::Rank::kBarred) {
      reason += fmt::format("; {} counts for more", RankName(winner.rank));
    }
    told.push_back({settings.id, settings.version, chosen, std::move(reason)});
  }

  static std::string_view RankName(Candidate::Rank rank) {
    switch (rank) {
      case Candidate::Rank::kPinned:
        return "a pin";
      case Candidate::Rank::kDevice:
        return "what is assigned to the device";
      case Candidate::Rank::kUser:
        return "what is assigned to the user";
      case Candidate::Rank::kDefault:
      case Candidate::Rank::kBarred:
        return "the default";
    }
    return "";
  }

  const Library& library_;
  const PlanSubject& subject_;
  std::vector<Candidate> candidates_;
};

}  // namespace

std::optional<TargetMatch> TargetOf(const Assignment& assignment, const Library& library,
                                    const PlanSubject& subject) {
  if (assignment.all_devices) return TargetMatch{"all devices"};
  if (auto match = InGroups(assignment.groups, library, subject.facts)) return match;
  return AmongUsers(assignment.users, subject.assigned_user);
}

std::optional<TargetMatch> ExclusionOf(const Assignment& assignment, const Library& library,
                                       const PlanSubject& subject) {
  if (auto match = InGroups(assignment.exclude_groups, library, subject.facts)) return match;
  return AmongUsers(assignment.exclude_users, subject.assigned_user);
}

StatusOr<ProfileSelection> SelectProfile(const Library& library, const PlanSubject& subject) {
  return Selector(library, subject).Run();
}

}  // namespace preseal::server
