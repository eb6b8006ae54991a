// SPDX-License-Identifier: Apache-2.0
// devices list, devices show, events.
#include <fmt/format.h>

#include "common/base/limits.h"
#include "preseal/fleet/v1/fleet.grpc.pb.h"
#include "server/cli/commands.h"
#include "server/cli/connection.h"
#include "server/cli/names.h"
#include "server/cli/views.h"

namespace preseal::server::cli {
namespace {

using Fleet = fleet_v1::FleetService::Stub;

}  // namespace

StatusOr<ExitCode> ListDevices(const Cli& cli, const DeviceFilter& filter) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  ASSIGN_OR_RETURN(const auto devices, ListAllDevices(*connection, filter));
  cli.Print(DevicesReport(devices));
  return ExitCode::kOk;
}

StatusOr<ExitCode> ShowDevice(const Cli& cli, const std::string& device) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  fleet_v1::GetDeviceRequest request;
  ASSIGN_OR_RETURN(*request.mutable_name(), DeviceName(*connection, device));
  ASSIGN_OR_RETURN(const auto found, connection->Call(&Fleet::GetDevice, request));
  cli.Print(DeviceReport(found));
  return ExitCode::kOk;
}

StatusOr<ExitCode> ListEvents(const Cli& cli, const EventsOptions& options) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  fleet_v1::ListEventsRequest request;
  ASSIGN_OR_RETURN(*request.mutable_device(), DeviceName(*connection, options.device));
  if (options.attempt > 0) {
    request.set_run(fmt::format("{}/runs/{}", request.device(), options.attempt));
  }
  request.set_page_size(kPageSizeMax);
  fleet_v1::ListEventsResponse all;
  do {
    ASSIGN_OR_RETURN(auto page, connection->Call(&Fleet::ListEvents, request));
    request.set_page_token(page.next_page_token());
    page.clear_next_page_token();
    for (auto& entry : *page.mutable_entries()) *all.add_entries() = std::move(entry);
    if (static_cast<uint64_t>(all.entries_size()) > kEventsPerRunMax) {
      return ResourceExhausted("the journal is longer than a run may be");
    }
  } while (!request.page_token().empty());
  cli.Print(EventsReport(all));
  return ExitCode::kOk;
}

}  // namespace preseal::server::cli
