// SPDX-License-Identifier: Apache-2.0
#include "server/service/flow/landing_desk.h"

#include <utility>

#include "common/log/log.h"
#include "server/service/flow/action_facts.h"
#include "server/service/user_flow/user_entry.h"

namespace preseal::server {
StatusOr<LandingFacts> LandingDesk::Of(Tx& tx, const Device& device) {
  LandingFacts card{
      .organisation = organisation_,
      .profile = device.profile.empty() ? profiles_.default_profile() : device.profile,
      .assigned_user = device.assigned_user,
      .serial_number = device.serial_number,
      .lab = device.lab,
      .quarantined = device.quarantined,
      .device_name = device.device_name};
  // The device belongs to its user from the seal on.
  const bool user = MayBeInUserFlow(device);
  // Without a profile that applies the card still shows; starting says why it cannot.
  const auto plan = profiles_.Preview(tx, device, user ? Flow::kUser : Flow::kTechnician, "");
  if (plan.ok()) {
    const ProfileSettings& profile = plan->profile;
    card.profile = profile.id;
    card.join = profile.join.provider;
    card.error_message = profile.esp.error_message;
    card.show_progress = profile.esp.show_progress;
    if (card.device_name.empty()) card.device_name = plan->device_name;
  }
  if (user) {
    RETURN_IF_ERROR(FillUserFlow(tx, device, plan.ok() ? &plan->profile : nullptr, &card));
  }
  ASSIGN_OR_RETURN(const ActionFacts facts, ActionFactsOf(tx, device, profiles_));
  for (const DeviceAction action : kAllDeviceActions) {
    if (Judge(action, ActionActor::kDevice, facts) == ActionRefusal::kNone) {
      card.actions.push_back(action);
    }
  }
  return card;
}

Status LandingDesk::FillUserFlow(Tx& tx, const Device& device, const ProfileSettings* profile,
                                 LandingFacts* card) const {
  UserFlowFacts& user = card->user_flow.emplace();
  user.signed_in = IsSignedIn(device);
  if (profile != nullptr) {
    user.out_of_box = profile->out_of_box;
    user.mode = profile->mode;
  }
  if (device.state != DeviceState::kSealed) return OkStatus();
  const WallTime now = clock_.Now();
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(
      now - device.seal_time.value_or(device.state_time));
  const bool expired = age >= policy_.seal.expired && policy_.refuse_expired_seal;
  card->notice =
      expired ? ExpiredSealSentence(device.id, age, policy_.seal) : SealNotice(age, policy_.seal);
  // With an expired seal, too: who tries is told why not, in words for people.
  if (user.mode != Mode::kUserDriven) return OkStatus();
  user.device_authorization =
      device_authorization_ && (policy_.any_user || !device.assigned_user.empty());
  const auto code = tx.user_flow.GetUserCode(device.id);
  if (code.status().code() == StatusCode::kNotFound) return OkStatus();
  RETURN_IF_ERROR(code.status());
  user.one_time_code = IsUsable(*code, device, now);
  return OkStatus();
}

void LandingDesk::Push(const DeviceId& id) {
  const auto link = live_.Find(id);
  if (link == nullptr) return;
  LandingFacts card;
  const Status read = store_.Read([&](Tx& tx) -> Status {
    ASSIGN_OR_RETURN(const Device device, tx.devices.Get(id));
    ASSIGN_OR_RETURN(card, Of(tx, device));
    return OkStatus();
  });
  if (!read.ok()) {
    log::Error("cannot make a landing card", {{"device", id.text()}, {"error", ToString(read)}});
    return;
  }
  link->Tell(std::move(card));
}

}  // namespace preseal::server
