// SPDX-License-Identifier: Apache-2.0
#include "server/service/landing_desk.h"

#include <utility>

#include "common/log/log.h"
#include "server/service/action_facts.h"

namespace preseal::server {
namespace {

// The device belongs to its user from the seal on.
bool InUserFlow(const Device& device) {
  return device.state == DeviceState::kSealed || device.state == DeviceState::kUserSetup ||
         device.state == DeviceState::kInService || device.flow == Flow::kUser;
}

}  // namespace

StatusOr<LandingFacts> LandingDesk::Of(Tx& tx, const Device& device) {
  LandingFacts card{
      .organisation = organisation_,
      .profile = device.profile.empty() ? profiles_.default_profile() : device.profile,
      .assigned_user = device.assigned_user,
      .serial_number = device.serial_number,
      .lab = device.lab,
      .quarantined = device.quarantined,
      .device_name = device.device_name};
  const bool user = InUserFlow(device);
  // Without a profile that applies the card still shows; starting says why it cannot.
  const auto plan = profiles_.Preview(tx, device, user ? Flow::kUser : Flow::kTechnician, "");
  if (plan.ok()) {
    const ProfileSettings& profile = plan->profile;
    card.profile = profile.id;
    card.join = profile.join.provider;
    card.error_message = profile.esp.error_message;
    card.show_progress = profile.esp.show_progress;
    if (card.device_name.empty()) card.device_name = plan->device_name;
    if (user) {
      card.user_flow = UserFlowFacts{.out_of_box = profile.out_of_box,
                                     .mode = profile.mode,
                                     .one_time_code = !device.assigned_user.empty(),
                                     .device_authorization = device_authorization_,
                                     .signed_in = !device.signed_in_user.empty()};
    }
  } else if (user) {
    card.user_flow = UserFlowFacts{.one_time_code = !device.assigned_user.empty(),
                                   .device_authorization = device_authorization_,
                                   .signed_in = !device.signed_in_user.empty()};
  }
  ASSIGN_OR_RETURN(const ActionFacts facts, ActionFactsOf(tx, device, profiles_));
  for (const DeviceAction action : kAllDeviceActions) {
    if (Judge(action, ActionActor::kDevice, facts) == ActionRefusal::kNone) {
      card.actions.push_back(action);
    }
  }
  return card;
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
