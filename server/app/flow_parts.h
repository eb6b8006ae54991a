// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "common/base/clock.h"
#include "server/adapters/config/server_config.h"
#include "server/adapters/grpc/device_views.h"
#include "server/adapters/grpc/flow_reports_handlers.h"
#include "server/adapters/grpc/plan_prompts.h"
#include "server/service/device_edit.h"
#include "server/service/flow/action_desk.h"
#include "server/service/flow/deadline_watch.h"
#include "server/service/flow/dispatcher.h"
#include "server/service/flow/flow_reports.h"
#include "server/service/flow/landing_desk.h"
#include "server/service/flow/one_time_limit.h"
#include "server/service/flow/run_commands.h"
#include "server/service/flow/technician_flow.h"
#include "server/service/flow/token_desk.h"
#include "server/service/live_devices.h"
#include "server/service/ports.h"
#include "server/service/profile/profile_catalog.h"

namespace preseal::server {

// The objects of both flows, in the order of construction; they refer to each other, so they stay
// where they are made. What is passed in outlives them.
struct FlowParts {
  FlowParts(Store& store, const Clock& clock, LiveDevices& live, ProfileCatalog& profiles,
            const ServerConfig& config);
  FlowParts(const FlowParts&) = delete;
  FlowParts& operator=(const FlowParts&) = delete;

  // What devices are shown, and what they are told to do.
  LandingDesk landing;
  Dispatcher dispatcher;
  // Commands of people, and of the person at the device.
  TechnicianFlow flow;
  PlanPrompts prompts;
  RunCommands commands;
  ActionDesk actions;
  DeviceEdit edit;
  OneTimeLimit limit;
  // Queues for heavy work, and runs nobody hears of.
  FloorTokens tokens;
  DeadlineWatch deadlines;
  // What is told about it.
  FlowReports reports;
  FlowReportsHandlers report_handlers;
  DeviceViews views;
};

}  // namespace preseal::server
