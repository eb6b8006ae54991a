// SPDX-License-Identifier: Apache-2.0
#include "server/cli/names.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/ids.h"
#include "common/base/limits.h"
#include "common/crypto/random.h"
#include "preseal/fleet/v1/fleet.grpc.pb.h"
#include "server/cli/connection.h"
#include "server/cli/views.h"

namespace preseal::server::cli {
namespace {

using Fleet = fleet_v1::FleetService::Stub;

std::string Folded(std::string_view text) {
  std::string folded(text);
  for (char& c : folded) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return folded;
}

}  // namespace

StatusOr<std::string> BatchName(std::string_view text) {
  if (text.empty()) return std::string();
  if (text.starts_with("batches/")) text.remove_prefix(8);
  ASSIGN_OR_RETURN(const BatchId id, BatchId::Parse(text));
  return "batches/" + id.text();
}

StatusOr<lifecycle_v1::DeviceState> ParseState(std::string_view text) {
  std::string name(text);
  for (char& c : name) c = c == '-' || c == ' ' ? '_' : static_cast<char>(std::toupper(c));
  std::string known;
  for (int state = 1; state <= lifecycle_v1::DeviceState_MAX; ++state) {
    const auto candidate = static_cast<lifecycle_v1::DeviceState>(state);
    if (StateName(candidate) == name) return candidate;
    known += (known.empty() ? "" : ", ") + StateName(candidate);
  }
  return InvalidArgument(fmt::format("no state \"{}\"; there are {}", text, known));
}

StatusOr<fleet_v1::ListDevicesResponse> ListAllDevices(const Connection& connection,
                                                       const DeviceFilter& filter) {
  fleet_v1::ListDevicesRequest request;
  request.set_page_size(kPageSizeMax);
  ASSIGN_OR_RETURN(*request.mutable_batch(), BatchName(filter.batch));
  request.set_query(filter.query);
  for (const std::string& state : filter.states) {
    ASSIGN_OR_RETURN(const auto value, ParseState(state));
    request.add_states(value);
  }
  fleet_v1::ListDevicesResponse all;
  do {
    ASSIGN_OR_RETURN(auto page, connection.Call(&Fleet::ListDevices, request));
    for (auto& device : *page.mutable_devices()) *all.add_devices() = std::move(device);
    if (static_cast<size_t>(all.devices_size()) > kCliDevicesMax) {
      return ResourceExhausted(
          fmt::format("more than {} devices: narrow it with --batch, --state "
                      "or --query",
                      kCliDevicesMax));
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return all;
}

StatusOr<std::string> DeviceName(const Connection& connection, std::string_view text) {
  const std::string_view id = text.starts_with("devices/") ? text.substr(8) : text;
  if (DeviceId::Check(id).ok()) return "devices/" + std::string(id);
  if (text.empty() || text.size() > kSerialBytesMax) {
    return InvalidArgument("that is neither a device id nor a serial number");
  }
  DeviceFilter filter;
  filter.query = std::string(text);
  ASSIGN_OR_RETURN(const auto found, ListAllDevices(connection, filter));
  std::vector<std::string> names;
  for (const auto& device : found.devices()) {
    if (device.serial_number() == text) return device.name();
    if (Folded(device.serial_number()) == Folded(text)) names.push_back(device.name());
  }
  if (names.size() == 1) return names[0];
  if (names.empty()) return NotFound(fmt::format("no device with serial number {}", text));
  return FailedPrecondition(
      fmt::format("{} devices have serial number {}: name the device id", names.size(), text));
}

StatusOr<std::string> NewRequestId() {
  ASSIGN_OR_RETURN(const Bytes bytes, crypto::RandomBytes(16));
  return ToHex(bytes);
}

}  // namespace preseal::server::cli
