// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/status/status.h"
#include "server/domain/sign_in/sign_in_rules.h"
#include "server/service/device_requests.h"
#include "server/service/live_devices.h"
#include "server/service/ports.h"
#include "server/service/profile/profile_catalog.h"

namespace preseal::server {

// The landing card: what the person at the device compares before anything starts, and what may be
// done there now. Thread-safe.
class LandingDesk {
 public:
  LandingDesk(Store& store, const Clock& clock, LiveDevices& live, ProfileCatalog& profiles,
              std::string organisation)
      : store_(store),
        clock_(clock),
        live_(live),
        profiles_(profiles),
        organisation_(std::move(organisation)) {}

  // Whether sign-in at an identity provider is offered, and to whom; before ports open.
  void set_sign_in(SignInPolicy policy, bool device_authorization) {
    policy_ = policy;
    device_authorization_ = device_authorization;
  }

  StatusOr<LandingFacts> Of(Tx& tx, const Device& device);
  // Sends the card to the device if it is connected. Reads the store; a failure is logged and
  // healed by the next Welcome.
  void Push(const DeviceId& device);

 private:
  // What only the user flow shows; `profile` is null where none applies.
  Status FillUserFlow(Tx& tx, const Device& device, const ProfileSettings* profile,
                      LandingFacts* card) const;

  Store& store_;
  const Clock& clock_;
  LiveDevices& live_;
  ProfileCatalog& profiles_;
  const std::string organisation_;
  SignInPolicy policy_;
  bool device_authorization_ = false;
};

}  // namespace preseal::server
