// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/base/ids.h"
#include "common/status/status.h"
#include "server/service/device_requests.h"
#include "server/service/live_devices.h"
#include "server/service/ports.h"
#include "server/service/profile_catalog.h"

namespace preseal::server {

// The landing card: what the person at the device compares before anything starts, and what may be
// done there now. Thread-safe.
class LandingDesk {
 public:
  LandingDesk(Store& store, LiveDevices& live, ProfileCatalog& profiles, std::string organisation)
      : store_(store), live_(live), profiles_(profiles), organisation_(std::move(organisation)) {}

  // Whether sign-in at an identity provider is offered; before ports open.
  void set_device_authorization(bool offered) { device_authorization_ = offered; }

  StatusOr<LandingFacts> Of(Tx& tx, const Device& device);
  // Sends the card to the device if it is connected. Reads the store; a failure is logged and
  // healed by the next Welcome.
  void Push(const DeviceId& device);

 private:
  Store& store_;
  LiveDevices& live_;
  ProfileCatalog& profiles_;
  const std::string organisation_;
  bool device_authorization_ = false;
};

}  // namespace preseal::server
