// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/resource_names.h"

namespace preseal::server {
namespace {

constexpr std::string_view kDevices = "devices/";
constexpr std::string_view kBatches = "batches/";
constexpr std::string_view kTokens = "apiTokens/";
constexpr std::string_view kRuns = "/runs/";

}  // namespace

std::string NameOfDevice(const DeviceId& id) { return std::string(kDevices) + id.text(); }

std::string NameOfRun(const RunId& id) {
  return NameOfDevice(id.device()) + std::string(kRuns) + std::to_string(id.attempt());
}

std::string NameOfCommand(const DeviceId& device, const CommandId& id) {
  return NameOfDevice(device) + "/commands/" + id.text();
}

std::string NameOfBatch(const BatchId& id) { return std::string(kBatches) + id.text(); }

std::string NameOfToken(std::string_view token_id) {
  return std::string(kTokens) + std::string(token_id);
}

StatusOr<DeviceId> ParseDeviceName(std::string_view name) {
  if (!name.starts_with(kDevices)) {
    return InvalidArgument("a device name must look like devices/D-1042");
  }
  return DeviceId::Parse(name.substr(kDevices.size()));
}

StatusOr<RunId> ParseRunName(std::string_view name) {
  const size_t runs = name.find(kRuns);
  if (runs == std::string_view::npos) {
    return InvalidArgument("a run name must look like devices/D-1042/runs/2");
  }
  ASSIGN_OR_RETURN(const DeviceId device, ParseDeviceName(name.substr(0, runs)));
  return RunId::Parse(device.text() + "." + std::string(name.substr(runs + kRuns.size())));
}

StatusOr<BatchId> ParseBatchName(std::string_view name) {
  if (!name.starts_with(kBatches)) {
    return InvalidArgument("a batch name must look like batches/PO-7");
  }
  return BatchId::Parse(name.substr(kBatches.size()));
}

StatusOr<std::string> ParseTokenName(std::string_view name) {
  if (!name.starts_with(kTokens)) {
    return InvalidArgument("an API token's name must look like apiTokens/…");
  }
  return std::string(name.substr(kTokens.size()));
}

}  // namespace preseal::server
