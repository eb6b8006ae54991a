// SPDX-License-Identifier: Apache-2.0
// What may be asked of a device now, and why not. The one table for the device's own buttons, the
// API and what screens offer. Pure.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "server/domain/device_state.h"
#include "server/domain/progress.h"

namespace preseal::server {

// Up to kContinue the values equal preseal.fleet.v1.Action; never renumber those.
enum class DeviceAction {
  kRefresh = 1,      // show the landing card again
  kProvision = 2,    // start the technician flow
  kRetry = 3,        // once more after a failure
  kReset = 4,        // start over with the identity it has
  kDiagnostics = 5,  // collect logs
  kReseal = 6,
  kHold = 7,
  kResume = 8,
  kWaive = 9,
  kContinue = 10,  // user flow: go on past an error
  kAnswer = 11,    // a prompt
  kExtend = 12,    // a deadline
  kRestart = 13,
};
inline constexpr std::array kAllDeviceActions = {
    DeviceAction::kRefresh,  DeviceAction::kProvision,   DeviceAction::kRetry,
    DeviceAction::kReset,    DeviceAction::kDiagnostics, DeviceAction::kReseal,
    DeviceAction::kHold,     DeviceAction::kResume,      DeviceAction::kWaive,
    DeviceAction::kContinue, DeviceAction::kAnswer,      DeviceAction::kExtend,
    DeviceAction::kRestart,
};

// Who asks. The person at the device has no name, so the profile's ESP settings decide there.
enum class ActionActor { kDevice, kOperator, kLead };
inline constexpr std::array kAllActionActors = {ActionActor::kDevice, ActionActor::kOperator,
                                                ActionActor::kLead};

struct ActionFacts {
  DeviceState state = DeviceState::kRegistered;
  bool enrolled = false;
  bool connected = false;
  bool quarantined = false;
  bool blocking_satisfied = false;
  bool user_flow = false;  // the present run belongs to it
  bool has_run = false;    // a run was begun and not given up by a reset
  bool running = false;    // and has not ended
  bool held = false;
  bool prompted = false;  // an item waits for an answer
  bool preprovisioning_allowed = true;
  bool allow_reset = false;  // of the profile's ESP settings, as are the next three
  bool allow_use_on_error = false;
  bool block_retry = false;
  bool allow_log_collection = false;
};

// Why not; kNone is yes. In the order they are looked for: what nobody may change comes first.
enum class ActionRefusal {
  kNone,
  kNotAtDevice,  // needs a named person
  kNeedsLead,
  kState,              // another state
  kProfileNotAllowed,  // pre-provisioning is not allowed by the profile
  kHiddenByProfile,    // the profile's ESP settings keep it from the person at the device
  kQuarantined,
  kNotVerified,  // blocking items are open
  kNotConnected,
  kAlreadyHeld,
  kNotHeld,
  kNotRunning,
  kNothingAsked,
};

ActionRefusal Judge(DeviceAction action, ActionActor actor, const ActionFacts& facts);

// What a person reads: the reason and what to do. Empty for kNone.
std::string SentenceOf(ActionRefusal refusal, DeviceAction action, const ActionFacts& facts);

// "start", "reset".
std::string_view NameOf(DeviceAction action);

}  // namespace preseal::server
