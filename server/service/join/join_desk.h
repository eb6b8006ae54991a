// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <stop_token>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/guarded.h"
#include "common/base/ids.h"
#include "common/status/status.h"
#include "server/service/join/join_provider.h"
#include "server/service/ports.h"

namespace preseal::server {

// Hands offline-join blobs to devices. Nothing of a blob is kept here: a repeat provisions anew,
// which resets the machine password, so the newest blob counts. Thread-safe; blocks on the store
// and the directory.
class JoinDesk {
 public:
  // `provider` may be null: no join is configured.
  JoinDesk(Store& store, const Clock& clock, const JoinPlans& plans, JoinProvider* provider)
      : store_(store), clock_(clock), plans_(plans), provider_(provider) {}

  // For the device itself: its present run, while it is PROVISIONING, and an item the run's frozen
  // plan names as an offline join. The account gets the name the plan gives the device.
  //   NotFound            no such device, or no such offline-join item in its run
  //   FailedPrecondition  another run or state, no provider, the plan names no computer or another
  //                       domain, or what the provider says
  //   Aborted             another fetch of this device is under way; both would void each other
  //   Unavailable         the directory cannot be reached: retry
  StatusOr<JoinBlob> Fetch(const DeviceId& device, const RunId& run, std::string_view item_id);
  // Ends what is under way with Unavailable, and everything from now on.
  void Stop() { stop_.request_stop(); }

 private:
  class Turn;
  StatusOr<JoinItem> ItemFor(const DeviceId& device, const RunId& run, std::string_view item_id);
  Status Record(const DeviceId& device, const JoinBlob& blob, std::string_view computer_name);

  Store& store_;
  const Clock& clock_;
  const JoinPlans& plans_;
  JoinProvider* const provider_;
  Guarded<std::set<DeviceId>> under_way_;
  std::stop_source stop_;
};

}  // namespace preseal::server
