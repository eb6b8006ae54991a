// SPDX-License-Identifier: Apache-2.0
#include "server/domain/device_state.h"

#include <algorithm>

namespace preseal::server {
namespace {

using S = DeviceState;
using E = LifecycleEvent;
using G = Guard;

constexpr Transition kTable[] = {
    // The technician flow.
    {S::kRegistered, E::kEvidenceReceived, G::kNone, S::kPresent},
    {S::kPresent, E::kEvidenceReceived, G::kNone, S::kPresent},
    {S::kPresent, E::kAttestationRefused, G::kNotEnrolled, S::kFailed},
    {S::kPresent, E::kConfirmed, G::kNone, S::kEnrolled},
    {S::kEnrolled, E::kStart, G::kEnrolled, S::kProvisioning},
    {S::kProvisioning, E::kRunSatisfied, G::kBlockingSatisfied, S::kReadyToSeal},
    {S::kProvisioning, E::kRunFailed, G::kNone, S::kFailed},
    {S::kReadyToSeal, E::kReseal, G::kBlockingSatisfied, S::kSealing},
    {S::kSealing, E::kSealConfirmed, G::kBlockingSatisfied, S::kSealed},
    {S::kSealing, E::kSealRefusedByDevice, G::kNone, S::kReadyToSeal},
    {S::kSealing, E::kSealTampered, G::kNone, S::kBlocked},

    // A device that attests again keeps its place. A refusal never moves an enrolled device:
    // whoever
    // sits on the bench with another TPM could otherwise stop it by naming its serial number.
    {S::kEnrolled, E::kEvidenceReceived, G::kNone, S::kEnrolled},
    {S::kEnrolled, E::kConfirmed, G::kNone, S::kEnrolled},
    {S::kProvisioning, E::kEvidenceReceived, G::kNone, S::kProvisioning},
    {S::kProvisioning, E::kConfirmed, G::kNone, S::kProvisioning},
    {S::kReadyToSeal, E::kEvidenceReceived, G::kNone, S::kReadyToSeal},
    {S::kReadyToSeal, E::kConfirmed, G::kNone, S::kReadyToSeal},

    // Failure, retry, and late evidence that heals.
    {S::kFailed, E::kRetry, G::kInUserFlow, S::kUserSetup},
    {S::kFailed, E::kRetry, G::kEnrolledOnBench, S::kProvisioning},
    {S::kFailed, E::kRetry, G::kNotEnrolled, S::kPresent},
    {S::kFailed, E::kUserFinished, G::kInUserFlow, S::kInService},
    {S::kFailed, E::kRunSatisfied, G::kBlockingSatisfied, S::kReadyToSeal},
    {S::kFailed, E::kEvidenceReceived, G::kNone, S::kFailed},
    {S::kFailed, E::kAttestationRefused, G::kNotEnrolled, S::kFailed},
    {S::kFailed, E::kConfirmed, G::kEnrolled, S::kFailed},
    {S::kFailed, E::kConfirmed, G::kNotEnrolled, S::kEnrolled},

    // The user flow.
    {S::kSealed, E::kUserSignedIn, G::kNone, S::kUserSetup},
    {S::kUserSetup, E::kRunFailed, G::kNone, S::kFailed},
    {S::kUserSetup, E::kUserFinished, G::kNone, S::kInService},

    // Starting over.
    {S::kFailed, E::kReset, G::kEnrolledOnBench, S::kEnrolled},
    {S::kReadyToSeal, E::kReset, G::kNone, S::kEnrolled},
    {S::kProvisioning, E::kReset, G::kNone, S::kEnrolled},
    {S::kSealed, E::kNextAllowed, G::kNone, S::kPresent},
    {S::kUserSetup, E::kNextAllowed, G::kNone, S::kPresent},
    {S::kInService, E::kNextAllowed, G::kNone, S::kPresent},
    {S::kFailed, E::kNextAllowed, G::kInUserFlow, S::kPresent},

    // A person acts.
    {S::kRegistered, E::kRevoke, G::kNone, S::kBlocked},
    {S::kPresent, E::kRevoke, G::kNone, S::kBlocked},
    {S::kEnrolled, E::kRevoke, G::kNone, S::kBlocked},
    {S::kProvisioning, E::kRevoke, G::kNone, S::kBlocked},
    {S::kReadyToSeal, E::kRevoke, G::kNone, S::kBlocked},
    {S::kSealing, E::kRevoke, G::kNone, S::kBlocked},
    {S::kSealed, E::kRevoke, G::kNone, S::kBlocked},
    {S::kUserSetup, E::kRevoke, G::kNone, S::kBlocked},
    {S::kInService, E::kRevoke, G::kNone, S::kBlocked},
    {S::kFailed, E::kRevoke, G::kNone, S::kBlocked},
    {S::kPresent, E::kAttemptsExceeded, G::kNotEnrolled, S::kBlocked},
    {S::kFailed, E::kAttemptsExceeded, G::kNotEnrolled, S::kBlocked},
    {S::kBlocked, E::kUnblock, G::kNone, S::kRegistered},
    {S::kRegistered, E::kRetire, G::kNone, S::kRetired},
    {S::kSealed, E::kRetire, G::kNone, S::kRetired},
    {S::kInService, E::kRetire, G::kNone, S::kRetired},
    {S::kFailed, E::kRetire, G::kNone, S::kRetired},
    {S::kBlocked, E::kRetire, G::kNone, S::kRetired},
};

bool Holds(Guard guard, const LifecycleFacts& facts) {
  switch (guard) {
    case Guard::kNone:
      return true;
    case Guard::kEnrolled:
      return facts.enrolled;
    case Guard::kNotEnrolled:
      return !facts.enrolled;
    case Guard::kBlockingSatisfied:
      return facts.blocking_satisfied;
    case Guard::kEnrolledOnBench:
      return facts.enrolled && !facts.user_flow;
    case Guard::kInUserFlow:
      return facts.user_flow;
  }
  return false;
}

}  // namespace

std::span<const Transition> LifecycleTable() { return kTable; }

std::optional<DeviceState> NextState(DeviceState from, LifecycleEvent event,
                                     const LifecycleFacts& facts) {
  for (const Transition& row : kTable) {
    if (row.from == from && row.event == event && Holds(row.guard, facts)) return row.to;
  }
  return std::nullopt;
}

std::string_view NameOf(DeviceState state) {
  switch (state) {
    case DeviceState::kRegistered:
      return "REGISTERED";
    case DeviceState::kPresent:
      return "PRESENT";
    case DeviceState::kEnrolled:
      return "ENROLLED";
    case DeviceState::kProvisioning:
      return "PROVISIONING";
    case DeviceState::kReadyToSeal:
      return "READY_TO_SEAL";
    case DeviceState::kSealing:
      return "SEALING";
    case DeviceState::kSealed:
      return "SEALED";
    case DeviceState::kUserSetup:
      return "USER_SETUP";
    case DeviceState::kInService:
      return "IN_SERVICE";
    case DeviceState::kFailed:
      return "FAILED";
    case DeviceState::kBlocked:
      return "BLOCKED";
    case DeviceState::kRetired:
      return "RETIRED";
  }
  return "";
}

std::string_view NameOf(LifecycleEvent event) {
  switch (event) {
    case LifecycleEvent::kEvidenceReceived:
      return "evidence received";
    case LifecycleEvent::kAttestationRefused:
      return "attestation refused";
    case LifecycleEvent::kAttemptsExceeded:
      return "attempts used up";
    case LifecycleEvent::kConfirmed:
      return "certificate confirmed";
    case LifecycleEvent::kStart:
      return "start";
    case LifecycleEvent::kRetry:
      return "retry";
    case LifecycleEvent::kRunSatisfied:
      return "run satisfied";
    case LifecycleEvent::kRunFailed:
      return "run failed";
    case LifecycleEvent::kReseal:
      return "reseal";
    case LifecycleEvent::kSealRefusedByDevice:
      return "seal refused by device";
    case LifecycleEvent::kSealTampered:
      return "seal quote differs";
    case LifecycleEvent::kSealConfirmed:
      return "seal confirmed";
    case LifecycleEvent::kUserSignedIn:
      return "user signed in";
    case LifecycleEvent::kUserFinished:
      return "user finished";
    case LifecycleEvent::kReset:
      return "reset";
    case LifecycleEvent::kNextAllowed:
      return "next enrolment allowed";
    case LifecycleEvent::kRevoke:
      return "revoke";
    case LifecycleEvent::kUnblock:
      return "unblock";
    case LifecycleEvent::kRetire:
      return "retire";
  }
  return "";
}

std::string_view NameOf(Guard guard) {
  switch (guard) {
    case Guard::kNone:
      return "";
    case Guard::kEnrolled:
      return "holds a confirmed certificate";
    case Guard::kNotEnrolled:
      return "never confirmed";
    case Guard::kBlockingSatisfied:
      return "every blocking item verified or waived by name";
    case Guard::kEnrolledOnBench:
      return "holds a confirmed certificate, technician flow";
    case Guard::kInUserFlow:
      return "user flow";
  }
  return "";
}

std::string LifecycleMarkdown() {
  std::string out =
      "# Device lifecycle\n\nPrinted from `server/domain/device_state.cc` by its test; do not edit "
      "by hand.\nWhat is not in the table is refused.\n\n| from | event | guard | to "
      "|\n|---|---|---|---|\n";
  for (const Transition& row : kTable) {
    for (const std::string_view cell :
         {NameOf(row.from), NameOf(row.event), NameOf(row.guard), NameOf(row.to)}) {
      out += "| ";
      out += cell;
      if (!cell.empty()) out += ' ';
    }
    out += "|\n";
  }
  return out;
}

}  // namespace preseal::server
