// SPDX-License-Identifier: Apache-2.0
// From documents and one device's record to what it runs. The rules are told in docs/profiles.md,
// "What a device gets". Pure.
#pragma once

#include <string>
#include <vector>

#include "common/status/status.h"
#include "server/domain/assignment/effective_plan.h"
#include "server/domain/assignment/library.h"

namespace preseal::server {

struct PlanSubject {
  DeviceFacts facts;
  Flow flow = Flow::kTechnician;
  std::string pinned_profile;   // Device::profile; empty: none
  std::string default_profile;  // empty: none
  std::string assigned_user;    // empty: none
  // Not empty: the device is in quarantine, this profile is all it gets.
  std::string quarantine_profile;
};

// The profile that wins, and what is known about the others.
struct ProfileSelection {
  const DeploymentProfile* profile = nullptr;  // into the library
  std::vector<ProfileVerdict> verdicts;        // the winner first
  std::vector<std::string> groups;             // the device is in, each with its rule
  bool user_targeted = false;                  // it won through the user
};

// NotFound: the pinned, the default or the quarantine profile does not exist. FailedPrecondition:
// no profile applies.
StatusOr<ProfileSelection> SelectProfile(const Library& library, const PlanSubject& subject);

// `device_name`: what the device will be called; empty: its name stays.
// FailedPrecondition: nothing to run, or more than kPlanStepsMax items.
StatusOr<EffectivePlan> MakePlan(const Library& library, const PlanSubject& subject,
                                 const ProfileSelection& selection, const std::string& device_name);

}  // namespace preseal::server
