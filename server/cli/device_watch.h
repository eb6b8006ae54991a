// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "common/status/status.h"
#include "preseal/fleet/v1/fleet.pb.h"

namespace preseal::server::cli {

class Connection;
class Interrupts;

// FleetService.WatchDevices, carried on over restarts of the server by its cursor. `on_message` as
// in ReadStream; `batch` and `device` are resource names, empty for all.
Status FollowDevices(
    const Connection& connection, Interrupts& interrupts, const std::string& batch,
    const std::string& device,
    const std::function<bool(const preseal::fleet::v1::WatchDevicesResponse&)>& on_message,
    std::optional<std::chrono::steady_clock::time_point> until = std::nullopt);

}  // namespace preseal::server::cli
