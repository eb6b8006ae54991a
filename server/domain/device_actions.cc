// SPDX-License-Identifier: Apache-2.0
#include "server/domain/device_actions.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

namespace preseal::server {
namespace {

using A = DeviceAction;
using R = ActionRefusal;
using S = DeviceState;

bool IsOneOf(S state, std::initializer_list<S> states) {
  return std::find(states.begin(), states.end(), state) != states.end();
}

// Buttons that exist at the device (preseal.device.v1.ActionRequest).
bool ExistsAtDevice(A action) { return action <= A::kDiagnostics || action == A::kContinue; }

bool NeedsLead(A action) {
  switch (action) {
    case A::kReset:
    case A::kWaive:
    case A::kContinue:
    case A::kExtend:
    case A::kRestart:
      return true;
    case A::kRefresh:
    case A::kProvision:
    case A::kRetry:
    case A::kDiagnostics:
    case A::kReseal:
    case A::kHold:
    case A::kResume:
    case A::kAnswer:
      return false;
  }
  return true;
}

bool FitsState(A action, const ActionFacts& facts) {
  const S state = facts.state;
  const bool at_work = IsOneOf(state, {S::kProvisioning, S::kUserSetup});
  const bool failed_run = state == S::kFailed && facts.enrolled && facts.has_run;
  switch (action) {
    case A::kRefresh:
    case A::kDiagnostics:
      return facts.enrolled && !IsOneOf(state, {S::kRegistered, S::kBlocked, S::kRetired});
    case A::kProvision:
      return state == S::kEnrolled;
    case A::kRetry:
      return state == S::kFailed;
    case A::kReset:
      return IsOneOf(state, {S::kProvisioning, S::kReadyToSeal}) ||
             (state == S::kFailed && facts.enrolled && !facts.user_flow);
    case A::kReseal:
      return state == S::kReadyToSeal;
    case A::kHold:
    case A::kResume:
    case A::kAnswer:
    case A::kExtend:
      return at_work;
    case A::kWaive:
      return at_work || failed_run;
    case A::kContinue:
      return failed_run && facts.user_flow;
    case A::kRestart:
      return facts.enrolled && IsOneOf(state, {S::kEnrolled, S::kProvisioning, S::kReadyToSeal,
                                               S::kFailed, S::kUserSetup});
  }
  return false;
}

// The profile's word about the buttons at the device; a named person stands above it.
bool HiddenAtDevice(A action, const ActionFacts& facts) {
  switch (action) {
    case A::kRetry:
      return facts.enrolled && facts.block_retry;
    case A::kReset:
      return !facts.allow_reset;
    case A::kDiagnostics:
      return !facts.allow_log_collection;
    case A::kContinue:
      return !facts.allow_use_on_error;
    case A::kRefresh:
    case A::kProvision:
    case A::kReseal:
    case A::kHold:
    case A::kResume:
    case A::kWaive:
    case A::kAnswer:
    case A::kExtend:
    case A::kRestart:
      return false;
  }
  return true;
}

R JudgeFacts(A action, const ActionFacts& facts) {
  switch (action) {
    case A::kProvision:
      return facts.preprovisioning_allowed ? R::kNone : R::kProfileNotAllowed;
    case A::kReseal:
      if (facts.quarantined) return R::kQuarantined;
      return facts.blocking_satisfied ? R::kNone : R::kNotVerified;
    case A::kRefresh:
    case A::kDiagnostics:
    case A::kRestart:
      return facts.connected ? R::kNone : R::kNotConnected;
    case A::kHold:
      if (!facts.running) return R::kNotRunning;
      return facts.held ? R::kAlreadyHeld : R::kNone;
    case A::kResume:
      return facts.held ? R::kNone : R::kNotHeld;
    case A::kAnswer:
      return facts.prompted ? R::kNone : R::kNothingAsked;
    case A::kExtend:
      return facts.running ? R::kNone : R::kNotRunning;
    case A::kRetry:
    case A::kReset:
    case A::kWaive:
    case A::kContinue:
      return R::kNone;
  }
  return R::kState;
}

// In which states it would be possible for such a device: what to wait for, or to do first.
std::string WhenPossible(A action, const ActionFacts& facts) {
  if (action == A::kContinue) return "when a run of the user flow has failed";
  ActionFacts other = facts;
  other.enrolled = other.has_run = true;
  if (!facts.enrolled && FitsState(action, other)) return "once it has enrolled";
  std::string states;
  for (const S state : kAllDeviceStates) {
    other.state = state;
    if (!FitsState(action, other)) continue;
    states += (states.empty() ? "in " : ", ") + std::string(NameOf(state));
  }
  return states;
}

}  // namespace

ActionRefusal Judge(DeviceAction action, ActionActor actor, const ActionFacts& facts) {
  const bool device = actor == ActionActor::kDevice;
  if (device && !ExistsAtDevice(action)) return R::kNotAtDevice;
  if (actor == ActionActor::kOperator && NeedsLead(action)) return R::kNeedsLead;
  if (!FitsState(action, facts)) return R::kState;
  if (device && HiddenAtDevice(action, facts)) return R::kHiddenByProfile;
  return JudgeFacts(action, facts);
}

std::string SentenceOf(ActionRefusal refusal, DeviceAction action, const ActionFacts& facts) {
  const std::string_view verb = NameOf(action);
  switch (refusal) {
    case R::kNone:
      return "";
    case R::kNotAtDevice:
      return fmt::format("\"{}\" is done from the dashboard or the command line", verb);
    case R::kNeedsLead:
      return fmt::format("\"{}\" needs a lead", verb);
    case R::kState:
      return fmt::format("{}: \"{}\" is possible {}", NameOf(facts.state), verb,
                         WhenPossible(action, facts));
    case R::kProfileNotAllowed:
      return "PROFILE_NOT_ALLOWED (0x80180005): the deployment profile of this device does not "
             "allow pre-provisioning: allow it in the profile, or assign another one";
    case R::kHiddenByProfile:
      return fmt::format("the deployment profile does not allow \"{}\" here: ask the line lead",
                         verb);
    case R::kQuarantined:
      return "the device is in quarantine: mend what its attestation found and start it again";
    case R::kNotVerified:
      return "blocking items are not verified yet";
    case R::kNotConnected:
      return "the device is not connected: look at its power and its network";
    case R::kAlreadyHeld:
      return "the run is on hold already";
    case R::kNotHeld:
      return "the run is not on hold";
    case R::kNotRunning:
      return "no run is under way";
    case R::kNothingAsked:
      return "the device asks nothing now";
  }
  return "";
}

std::string_view NameOf(DeviceAction action) {
  switch (action) {
    case A::kRefresh:
      return "refresh";
    case A::kProvision:
      return "start";
    case A::kRetry:
      return "retry";
    case A::kReset:
      return "reset";
    case A::kDiagnostics:
      return "collect diagnostics";
    case A::kReseal:
      return "reseal";
    case A::kHold:
      return "hold";
    case A::kResume:
      return "resume";
    case A::kWaive:
      return "waive";
    case A::kContinue:
      return "continue anyway";
    case A::kAnswer:
      return "answer";
    case A::kExtend:
      return "extend";
    case A::kRestart:
      return "restart";
  }
  return "";
}

}  // namespace preseal::server
