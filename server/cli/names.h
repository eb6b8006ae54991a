// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"
#include "preseal/fleet/v1/fleet.pb.h"
#include "server/cli/commands.h"

namespace preseal::server::cli {

class Connection;

// "batches/PO-7" of "PO-7" or itself; empty stays empty. InvalidArgument if it is no batch id.
StatusOr<std::string> BatchName(std::string_view text);

// "devices/D-7" of a device id, a resource name, or a serial number the server knows exactly one
// device by. NotFound, or FailedPrecondition if several have the serial (in any letter case).
StatusOr<std::string> DeviceName(const Connection& connection, std::string_view text);

// Every page of the devices the filter lets through, in the server's order. ResourceExhausted
// beyond kCliDevicesMax.
StatusOr<preseal::fleet::v1::ListDevicesResponse> ListAllDevices(const Connection& connection,
                                                                 const DeviceFilter& filter);

// Ready, "READY_TO_SEAL" or "ready-to-seal" alike; InvalidArgument names the known ones.
StatusOr<preseal::lifecycle::v1::DeviceState> ParseState(std::string_view text);

// 32 lower-case hex digits, fresh: a repeated call with it acts once.
StatusOr<std::string> NewRequestId();

}  // namespace preseal::server::cli
