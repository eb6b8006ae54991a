// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/status/status.h"
#include "server/domain/assignment/effective_plan.h"
#include "server/domain/device.h"
#include "server/domain/progress.h"
#include "server/service/ports.h"

namespace preseal::server {

// A device's effective plan at one moment, as a run keeps it.
struct FrozenPlan {
  std::string profile;
  std::string profile_digest;  // SHA-256 over the plan but for name, version and reasons; hex
  std::vector<Item> items;     // in plan order, all kNotStarted
  Bytes plan;                  // serialized preseal.plan.v1.Plan, at most kPlanBytesMax
  Flow flow = Flow::kTechnician;
  uint32_t profile_version = 0;
  std::string device_name;  // reserved for this device in the same transaction; empty: it stays
  std::chrono::milliseconds device_setup_timeout{0};   // 0: the run's alone
  std::chrono::milliseconds account_setup_timeout{0};  // likewise
  EspSettings esp;                                     // esp.timeout is the run's, hybrid included
  Mode mode = Mode::kUserDriven;
};

// What devices are provisioned with. Thread-safe; every call belongs to the transaction it is given
// and sees what that sees.
class ProfileCatalog {
 public:
  virtual ~ProfileCatalog() = default;

  // The plan `device` runs in `flow`, to be stored with its run; a quarantined device gets the
  // quarantine profile, whatever it is assigned. Reserves the device's name where the profile has a
  // template and the device has none yet, so `tx` must write; `device` itself is left alone.
  // FailedPrecondition says what to change: no profile applies, pre-provisioning is not allowed, no
  // quarantine profile, no free name. NotFound: the pinned profile is gone.
  virtual StatusOr<FrozenPlan> FreezeFor(Tx& tx, const Device& device, Flow flow) = 0;
  // The same plan with its reasons; nothing is reserved, a read transaction will do. Empty
  // `assigned_user`: the device's own.
  virtual StatusOr<EffectivePlan> Preview(Tx& tx, const Device& device, Flow flow,
                                          std::string_view assigned_user) = 0;
  // FrozenPlan::profile_digest of the technician flow as it would be frozen now.
  virtual StatusOr<std::string> DigestNow(Tx& tx, const Device& device) = 0;
  // What was added, removed or changed since `sealed_plan` (as FrozenPlan::plan), one line each for
  // people; empty: nothing. InvalidArgument: `sealed_plan` is no plan.
  virtual StatusOr<std::vector<std::string>> DriftLines(Tx& tx, const Device& device,
                                                        ByteView sealed_plan) = 0;

  // Empty: there is none.
  virtual const std::string& default_profile() const = 0;
  // What quarantined devices run; empty: nothing.
  virtual const std::string& quarantine_profile() const = 0;
};

}  // namespace preseal::server
