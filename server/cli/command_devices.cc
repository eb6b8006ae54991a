// SPDX-License-Identifier: Apache-2.0
// devices list, devices show, events.
#include <fmt/format.h>

#include <algorithm>

#include "common/base/limits.h"
#include "preseal/fleet/v1/fleet.grpc.pb.h"
#include "preseal/profile/v1/profile.grpc.pb.h"
#include "server/cli/commands.h"
#include "server/cli/connection.h"
#include "server/cli/names.h"
#include "server/cli/views.h"

namespace preseal::server::cli {
namespace {

namespace plan_v1 = ::preseal::plan::v1;
namespace profile_v1 = ::preseal::profile::v1;
using Fleet = fleet_v1::FleetService::Stub;

bool Asks(const progress_v1::Item& item) {
  return item.state() == progress_v1::ITEM_STATE_IN_PROGRESS &&
         item.wait().kind() == progress_v1::Wait::KIND_PROMPT;
}

// "asks: Scan the asset tag (A-[0-9]{4})". English is always there.
std::string QuestionText(const plan_v1::PromptStep& prompt) {
  const auto text = prompt.text().find("en");
  std::string asked = "asks: " + (text == prompt.text().end() ? "" : text->second);
  if (!prompt.choices().empty()) {
    asked += fmt::format(" ({})", fmt::join(prompt.choices(), " | "));
  } else if (!prompt.pattern().empty()) {
    asked += fmt::format(" ({})", prompt.pattern());
  }
  return asked;
}

// The question stands in the plan. Who may not read it is shown that the item waits, and no more.
void AddQuestions(const Connection& connection, fleet_v1::Device* device) {
  if (std::none_of(device->items().begin(), device->items().end(), Asks)) return;
  profile_v1::PreviewPlanRequest request;
  request.set_device(device->name());
  request.set_flow(device->flow());
  const auto preview = connection.Call(&profile_v1::ProfileService::Stub::PreviewPlan, request);
  if (!preview.ok()) return;
  for (auto& item : *device->mutable_items()) {
    if (!Asks(item)) continue;
    for (const plan_v1::Step& step : preview->plan().steps()) {
      if (step.item_id() == item.item_id()) item.set_message(QuestionText(step.prompt()));
    }
  }
}

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
  ASSIGN_OR_RETURN(auto found, connection->Call(&Fleet::GetDevice, request));
  if (cli.format() == OutputFormat::kTable) AddQuestions(*connection, &found);
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
