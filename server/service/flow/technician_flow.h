// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/status/status.h"
#include "server/service/flow/command_desk.h"
#include "server/service/flow/dispatcher.h"
#include "server/service/ports.h"
#include "server/service/principal.h"
#include "server/service/profile/profile_catalog.h"

namespace preseal::server {

// The commands of the technician flow: start, retry, reseal. Thread-safe; the public commands block
// on the store.
//
// All return the command as stored. A repeat with the same request_id by the same person returns
// the first command again. Errors: NotFound; FailedPrecondition names the state, and for a reseal
// each open blocking item.
class TechnicianFlow {
 public:
  TechnicianFlow(Store& store, const Clock& clock, ProfileCatalog& profiles, Dispatcher& dispatcher)
      : clock_(clock), profiles_(profiles), desk_(store, clock, dispatcher) {}

  StatusOr<Command> Start(const Actor& actor, const DeviceId& id, std::string_view request_id);
  StatusOr<Command> Retry(const Actor& actor, const DeviceId& id, std::string_view request_id);
  StatusOr<Command> Reseal(const Actor& actor, const DeviceId& id, std::string_view request_id);

  const std::string& default_profile() const { return profiles_.default_profile(); }

  // Start from within a job that already holds the device; for automatic start.
  StatusOr<Command> StartIn(Tx& tx, std::string_view actor, Device* device);

  // The user's first sign-in begins a run of the user flow: SEALED to USER_SETUP. From within a job
  // that already holds the device; the caller dispatches afterwards.
  StatusOr<Command> BeginUserRun(Tx& tx, std::string_view actor, Device* device);

 private:
  // FailedPrecondition: the profile or the place keeps it from this actor.
  Status CheckAllowed(Tx& tx, const Device& device, const Actor& actor, DeviceAction action);
  StatusOr<Command> BeginRun(Tx& tx, std::string_view actor, CommandKind kind, Device* device);
  StatusOr<Command> BeginReseal(Tx& tx, std::string_view actor, Device* device);

  const Clock& clock_;
  ProfileCatalog& profiles_;
  CommandDesk desk_;
};

}  // namespace preseal::server
