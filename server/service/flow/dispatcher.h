// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/status/status.h"
#include "server/service/flow/landing_desk.h"
#include "server/service/live_devices.h"
#include "server/service/ports.h"

namespace preseal::server {

// The PCRs both quotes cover: SHA-256, PCR 0-9 and 14 (firmware, boot manager, our own medium).
tpmwire::PcrSelections QuotedPcrs();

// Brings open commands to the device they are for. A command is sent again after every Hello until
// the device reports it done; the device knows it by its id. Thread-safe.
class Dispatcher {
 public:
  Dispatcher(Store& store, const Clock& clock, LiveDevices& live)
      : store_(store), clock_(clock), live_(live) {}

  // What the open commands of `device` ask of it now, oldest first.
  static StatusOr<std::vector<DeviceOrder>> OpenOrders(Tx& tx, const DeviceId& device);

  // Sends the open orders if the device has a stream, and marks those commands DELIVERED; one whose
  // stored plan cannot be read is FAILED (PLAN_UNREADABLE) and holds up none behind it. Does not
  // block on the store's writer; a failure is logged and healed by the next Hello.
  void Dispatch(const DeviceId& device);
  // The same, and the landing card anew: what may be done at the device has changed.
  void DispatchAndRefresh(const DeviceId& device);

  // Before ports open; without it no card is sent.
  void set_landing(LandingDesk* landing) { landing_ = landing; }

 private:
  Store& store_;
  const Clock& clock_;
  LiveDevices& live_;
  LandingDesk* landing_ = nullptr;
};

// Writes `command` with a new state and its device's revision, so that watchers see it.
Status UpdateCommandAndNotify(Tx& tx, Command command, CommandState state, WallTime now);

}  // namespace preseal::server
