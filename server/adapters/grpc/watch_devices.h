// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/support/server_callback.h>

#include <string>

#include "common/base/clock.h"
#include "preseal/fleet/v1/fleet.pb.h"
#include "server/adapters/grpc/device_views.h"
#include "server/adapters/grpc/workers.h"
#include "server/service/accounts.h"
#include "server/service/change_feed.h"
#include "server/service/ports.h"

namespace preseal::server {

// FleetService.WatchDevices: devices changed since the cursor, in order of revision, so that a
// snapshot and what follows are one thing and any message's cursor can be resumed from. The caller
// is authorised at the start and again at every heartbeat.
grpc::ServerWriteReactor<fleet::v1::WatchDevicesResponse>* StartWatch(
    Store& store, Accounts& accounts, const DeviceViews& views, ChangeFeed& feed, Workers& workers,
    const Clock& clock, std::string bearer, const fleet::v1::WatchDevicesRequest& request);

}  // namespace preseal::server
