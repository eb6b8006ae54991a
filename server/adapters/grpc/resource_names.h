// SPDX-License-Identifier: Apache-2.0
// Resource names of the API (AIP-122): devices/D-1042, devices/D-1042/runs/2,
// devices/D-1042/commands/C-…, batches/PO-7, apiTokens/… . Parsers: InvalidArgument.
#pragma once

#include <string>
#include <string_view>

#include "common/base/ids.h"
#include "common/status/status.h"

namespace preseal::server {

std::string NameOfDevice(const DeviceId& id);
std::string NameOfRun(const RunId& id);
std::string NameOfCommand(const DeviceId& device, const CommandId& id);
std::string NameOfBatch(const BatchId& id);
std::string NameOfToken(std::string_view token_id);

StatusOr<DeviceId> ParseDeviceName(std::string_view name);
StatusOr<RunId> ParseRunName(std::string_view name);
StatusOr<BatchId> ParseBatchName(std::string_view name);
StatusOr<std::string> ParseTokenName(std::string_view name);

}  // namespace preseal::server
