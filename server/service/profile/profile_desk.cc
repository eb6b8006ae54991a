// SPDX-License-Identifier: Apache-2.0
#include "server/service/profile/profile_desk.h"

#include <fmt/format.h>

#include "common/base/limits.h"
#include "common/crypto/random.h"
#include "server/domain/profile/name_template.h"

namespace preseal::server {
namespace {

StatusOr<std::string> RandomDigits(size_t count) {
  ASSIGN_OR_RETURN(const Bytes bytes, crypto::RandomBytes(count));
  std::string digits;
  for (const uint8_t byte : bytes) digits += static_cast<char>('0' + byte % 10);
  return digits;
}

// Empty: nobody but the device has the name.
StatusOr<std::string> HolderOf(Tx& tx, const Device& device, const std::string& name) {
  const auto holder = tx.names.FindName(name);
  if (holder.ok()) return holder->device_id == device.id ? "" : holder->device_id.text();
  if (IsNotFound(holder.status())) return "";
  return holder.status();
}

}  // namespace

DeviceFacts FactsForRules(const Device& device) {
  return {.serial = device.serial_number,
          .model = device.model,
          .manufacturer = device.manufacturer,
          .sku = device.sku,
          .group_tag = device.group_tag,
          .purchase_order = device.batch.text(),
          .attributes = device.attributes};
}

Status ProfileDesk::Settle(Tx& tx) {
  ASSIGN_OR_RETURN(const auto library, loader_.Load(tx));
  const auto& profiles = library->profiles;
  if (profiles.empty()) {
    return FailedPrecondition(
        "there is no deployment profile: put one (*.yaml) into the profiles folder");
  }
  if (names_.by_default.empty() && profiles.size() == 1) {
    names_.by_default = profiles.begin()->first;
  }
  for (const auto& [key, name] : {std::pair("default_profile", names_.by_default),
                                  std::pair("quarantine_profile", names_.quarantine)}) {
    if (name.empty() || profiles.contains(name)) continue;
    return FailedPrecondition(fmt::format("{} \"{}\" is none of the profiles", key, name));
  }
  return OkStatus();
}

StatusOr<PlanSubject> ProfileDesk::SubjectOf(const Device& device, Flow flow) const {
  PlanSubject subject{.facts = FactsForRules(device),
                      .flow = flow,
                      .pinned_profile = device.profile,
                      .default_profile = names_.by_default,
                      .assigned_user = device.assigned_user};
  if (flow == Flow::kUser && !device.signed_in_user.empty()) {
    subject.assigned_user = device.signed_in_user;
  }
  if (!device.quarantined) return subject;
  if (names_.quarantine.empty()) {
    return FailedPrecondition(fmt::format(
        "{} is in quarantine, and technician_flow.quarantine_profile names no profile for that: "
        "mend what its attestation found and start it again",
        device.id.text()));
  }
  subject.quarantine_profile = names_.quarantine;
  return subject;
}

StatusOr<FrozenPlan> ProfileDesk::FreezeFor(Tx& tx, const Device& device, Flow flow) {
  ASSIGN_OR_RETURN(const auto library, loader_.Load(tx));
  ASSIGN_OR_RETURN(const PlanSubject subject, SubjectOf(device, flow));
  ASSIGN_OR_RETURN(const auto selection, SelectProfile(*library, subject));
  const ProfileSettings& profile = selection.profile->settings;
  const bool allowed =
      profile.preprovisioning_allowed || device.quarantined || profile.mode == Mode::kSelfDeploying;
  if (flow == Flow::kTechnician && !allowed) {
    return FailedPrecondition(
        fmt::format("profile {} does not allow pre-provisioning: set preprovisioning_allowed: true",
                    profile.id));
  }
  ASSIGN_OR_RETURN(const std::string name, NameOf(tx, device, profile, Naming::kReserve));
  ASSIGN_OR_RETURN(const EffectivePlan plan, MakePlan(*library, subject, selection, name));
  return format_.Encode(plan);
}

StatusOr<EffectivePlan> ProfileDesk::Preview(Tx& tx, const Device& device, Flow flow,
                                             std::string_view assigned_user) {
  ASSIGN_OR_RETURN(const auto library, loader_.Load(tx));
  ASSIGN_OR_RETURN(PlanSubject subject, SubjectOf(device, flow));
  if (!assigned_user.empty()) subject.assigned_user = assigned_user;
  ASSIGN_OR_RETURN(const auto selection, SelectProfile(*library, subject));
  const ProfileSettings& profile = selection.profile->settings;
  const auto name = NameOf(tx, device, profile, Naming::kShow);
  ASSIGN_OR_RETURN(EffectivePlan plan,
                   MakePlan(*library, subject, selection, name.ok() ? *name : ""));
  if (!name.ok()) plan.warnings.push_back(MessageOf(name.status()));
  if (!profile.preprovisioning_allowed && profile.mode != Mode::kSelfDeploying &&
      flow == Flow::kTechnician) {
    plan.warnings.push_back(fmt::format(
        "profile {} does not allow pre-provisioning: it cannot be started", profile.id));
  }
  return plan;
}

StatusOr<FrozenPlan> ProfileDesk::PlanFrom(const Library& library, const Device& device) const {
  ASSIGN_OR_RETURN(const PlanSubject subject, SubjectOf(device, Flow::kTechnician));
  ASSIGN_OR_RETURN(const auto selection, SelectProfile(library, subject));
  // Whether the device is named is part of the plan; how, is not.
  const bool named =
      !device.device_name.empty() || !selection.profile->settings.name_template.empty();
  ASSIGN_OR_RETURN(const EffectivePlan plan,
                   MakePlan(library, subject, selection, named ? "name" : ""));
  return format_.Encode(plan);
}

StatusOr<std::string> ProfileDesk::DigestNow(Tx& tx, const Device& device) {
  ASSIGN_OR_RETURN(const auto library, loader_.Load(tx));
  ASSIGN_OR_RETURN(const FrozenPlan plan, PlanFrom(*library, device));
  return plan.profile_digest;
}

StatusOr<std::vector<std::string>> ProfileDesk::DriftLines(Tx& tx, const Device& device,
                                                           ByteView sealed_plan) {
  ASSIGN_OR_RETURN(const auto library, loader_.Load(tx));
  ASSIGN_OR_RETURN(const FrozenPlan now, PlanFrom(*library, device));
  return format_.Compare(sealed_plan, ByteView(now.plan));
}

Status ProfileDesk::Reserve(Tx& tx, const Device& device, const std::string& name,
                            const std::string& name_template) {
  return tx.names.ReserveName({name, device.id, name_template, clock_.Now()});
}

StatusOr<std::string> ProfileDesk::NameOf(Tx& tx, const Device& device,
                                          const ProfileSettings& profile, Naming naming) {
  const auto held = tx.names.NameOfDevice(device.id);
  if (!held.ok() && !IsNotFound(held.status())) return held.status();
  if (!device.device_name.empty()) {
    if (held.ok() && held->name == device.device_name) return device.device_name;
    ASSIGN_OR_RETURN(const std::string holder, HolderOf(tx, device, device.device_name));
    if (!holder.empty()) {
      return FailedPrecondition(
          fmt::format("the name {} belongs to {} already", device.device_name, holder));
    }
    if (naming == Naming::kReserve) {
      RETURN_IF_ERROR(Reserve(tx, device, device.device_name, ""));
    }
    return device.device_name;
  }
  if (profile.name_template.empty()) return "";
  if (held.ok() && held->name_template == profile.name_template) return held->name;
  return DrawName(tx, device, profile, naming);
}

StatusOr<std::string> ProfileDesk::DrawName(Tx& tx, const Device& device,
                                            const ProfileSettings& profile, Naming naming) {
  const auto parsed = NameTemplate::Parse(profile.name_template, profile.join.hybrid());
  const auto* name_template = std::get_if<NameTemplate>(&parsed);
  if (name_template == nullptr) return Internal("a stored name template does not parse");
  std::string last;
  const bool varies = name_template->has_random() || name_template->has_sequence();
  ASSIGN_OR_RETURN(uint64_t sequence, tx.names.PeekSequence(profile.name_template));
  for (int draw = 0; draw < (varies ? kNameDrawsMax : 1); ++draw, ++sequence) {
    if (name_template->has_sequence() && naming == Naming::kReserve) {
      ASSIGN_OR_RETURN(sequence, tx.names.NextInSequence(profile.name_template));
    }
    ASSIGN_OR_RETURN(const std::string digits, RandomDigits(name_template->random_digits()));
    NameAnswer answer = ExpandName(*name_template, device.serial_number, digits, sequence);
    if (answer.code != NameCode::kOk) {
      return FailedPrecondition(fmt::format("{} gives {} no name: {}", profile.name_template,
                                            device.id.text(), TextOf(answer.code)));
    }
    ASSIGN_OR_RETURN(const std::string holder, HolderOf(tx, device, answer.name));
    if (holder.empty()) {
      if (naming == Naming::kReserve) {
        RETURN_IF_ERROR(Reserve(tx, device, answer.name, profile.name_template));
      }
      return std::move(answer.name);
    }
    last = fmt::format("{} belongs to {}", answer.name, holder);
  }
  return FailedPrecondition(
      fmt::format("{} gives {} no free name: {}", profile.name_template, device.id.text(), last));
}

}  // namespace preseal::server
