// SPDX-License-Identifier: Apache-2.0
// What is told about deployments and seals, as the API has it.
#pragma once

#include "common/base/clock.h"
#include "preseal/fleet/v1/fleet.pb.h"
#include "preseal/flow/v1/flow.pb.h"
#include "server/service/flow/flow_reports.h"
#include "server/service/flow/token_desk.h"

namespace preseal::server {

void ToProto(const Durations& durations, fleet::v1::Durations* out);
void ToProto(const SealView& seal, fleet::v1::Seal* out);
void ToProto(const TimeReport& report, flow::v1::TimeAttribution* out);
void ToProto(const Journey& journey, flow::v1::Journey* out);
void ToProto(const SealPage& page, flow::v1::ListSealsResponse* out);
void ToProto(const FloorTokens& tokens, const std::vector<FloorTokens::Queue>& queues,
             flow::v1::ListTokensResponse* out);

// Sets `one_time_limit`; `used` says that an enrolment now would be refused.
void FillOneTimeLimit(const Device& device, WallTime now, fleet::v1::Device* out);
// Sets `deployment_state` and `durations` of the device's page.
void FillDeployment(const DeploymentView& view, fleet::v1::Device* out);

}  // namespace preseal::server
