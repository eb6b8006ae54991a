// SPDX-License-Identifier: Apache-2.0
// The device lifecycle: one table of state, event, guard and next state. Pure.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace preseal::server {

// Values are stored and equal preseal.lifecycle.v1.DeviceState; never renumber.
enum class DeviceState {
  kRegistered = 1,
  kPresent = 2,
  kEnrolled = 3,
  kProvisioning = 4,
  kReadyToSeal = 5,
  kSealing = 6,
  kSealed = 7,
  kUserSetup = 8,
  kInService = 9,
  kFailed = 10,
  kBlocked = 11,
  kRetired = 12,
};
inline constexpr std::array kAllDeviceStates = {
    DeviceState::kRegistered,   DeviceState::kPresent,     DeviceState::kEnrolled,
    DeviceState::kProvisioning, DeviceState::kReadyToSeal, DeviceState::kSealing,
    DeviceState::kSealed,       DeviceState::kUserSetup,   DeviceState::kInService,
    DeviceState::kFailed,       DeviceState::kBlocked,     DeviceState::kRetired,
};

enum class LifecycleEvent {
  kEvidenceReceived,     // an agent on the bench named this device in its evidence
  kAttestationRefused,   // a check failed; the finding is in Device::failure
  kAttemptsExceeded,     // kAttestationAttemptsMax refusals in a row
  kConfirmed,            // first mTLS call with the issued certificate
  kStart,                // an operator started the technician flow
  kRetry,                // an operator asked for another attempt
  kRunSatisfied,         // run ended and every blocking item is verified
  kRunFailed,            // run ended with a blocking item failed
  kReseal,               // an operator resealed
  kSealRefusedByDevice,  // the device could not do it; nothing was sealed
  kSealTampered,         // second quote differs from the first
  kSealConfirmed,        // final message durable and the stream closed
  kUserSignedIn,         // user flow began; nobody signs in where it is self-deploying
  kUserFinished,         // user flow ended well
  kReset,                // a person starts it over, with the identity it has
  kNextAllowed,          // sealed before, and a person allowed one more enrolment
  kRevoke,               // a person revoked the identity
  kUnblock,              // a person cleared a block, with a reason
  kRetire,
};
inline constexpr std::array kAllLifecycleEvents = {
    LifecycleEvent::kEvidenceReceived,
    LifecycleEvent::kAttestationRefused,
    LifecycleEvent::kAttemptsExceeded,
    LifecycleEvent::kConfirmed,
    LifecycleEvent::kStart,
    LifecycleEvent::kRetry,
    LifecycleEvent::kRunSatisfied,
    LifecycleEvent::kRunFailed,
    LifecycleEvent::kReseal,
    LifecycleEvent::kSealRefusedByDevice,
    LifecycleEvent::kSealTampered,
    LifecycleEvent::kSealConfirmed,
    LifecycleEvent::kUserSignedIn,
    LifecycleEvent::kUserFinished,
    LifecycleEvent::kReset,
    LifecycleEvent::kNextAllowed,
    LifecycleEvent::kRevoke,
    LifecycleEvent::kUnblock,
    LifecycleEvent::kRetire,
};

enum class Guard {
  kNone,
  kEnrolled,           // holds a confirmed certificate
  kNotEnrolled,        // never confirmed
  kBlockingSatisfied,  // every blocking item SUCCEEDED, NOT_REQUIRED or waived by name
  kEnrolledOnBench,    // kEnrolled, and the present run belongs to the technician flow
  kInUserFlow,         // the present run belongs to the user flow
};

struct Transition {
  DeviceState from;
  LifecycleEvent event;
  Guard guard;
  DeviceState to;
};

// Complete: what is not here is refused. Order has no meaning; (from, event, guard) is unique.
std::span<const Transition> LifecycleTable();

// Facts the guards look at.
struct LifecycleFacts {
  bool enrolled = false;
  bool blocking_satisfied = false;
  bool user_flow = false;
};

// The next state, or nothing if the move is not allowed from `from` with these facts.
std::optional<DeviceState> NextState(DeviceState from, LifecycleEvent event,
                                     const LifecycleFacts& facts);

// Upper-case names as in the proto without prefix: "READY_TO_SEAL".
std::string_view NameOf(DeviceState state);
std::string_view NameOf(LifecycleEvent event);
std::string_view NameOf(Guard guard);

// The table as Markdown, what docs/lifecycle.md holds.
std::string LifecycleMarkdown();

}  // namespace preseal::server
