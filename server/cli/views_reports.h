// SPDX-License-Identifier: Apache-2.0
// What is told about deployments, seals and queues, as reports. Pure.
#pragma once

#include <string>

#include "preseal/flow/v1/flow.pb.h"
#include "server/cli/report.h"
#include "server/cli/views.h"

namespace preseal::server::cli {

namespace flow_v1 = ::preseal::flow::v1;

// "850 ms", "12.3 s", "2 min 03 s", "5 h 04 min", "12 d 03 h".
std::string DurationText(const google::protobuf::Duration& duration);

// Result, durations, age and drift of the seal, and whether the device may enrol again, as far as
// they are known.
void AddDeploymentFacts(const fleet_v1::Device& device, Section* section);

Report AllowNextReport(const fleet_v1::Device& device);
Report SealsReport(const flow_v1::ListSealsResponse& response);
// One bar for each part, the longest as wide as the rest of a narrow terminal.
Report TimeReport(const flow_v1::TimeAttribution& attribution);
Report JourneyReport(const flow_v1::Journey& journey);
Report QueuesReport(const flow_v1::ListTokensResponse& response);

}  // namespace preseal::server::cli
