// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "server/domain/device.h"
#include "server/domain/progress.h"
#include "server/domain/reports/deployment_state.h"
#include "server/domain/reports/durations.h"

namespace preseal::server {

// What a service record says; docs/formats.md "Service record".
struct ServiceFacts {
  std::string_view issuer;
  WallTime issue_time;
  const Device& device;
  const Run& run;                      // of the user flow
  std::span<const Item> items;         // of that run
  std::span<const Item> sealed_items;  // of the run that was sealed; empty: it is not kept
  DeploymentState state = DeploymentState::kUnknown;
  Durations durations;
  std::string_view birth_certificate;  // compact JWS; empty: none
};

// The payload as JSON, keys in alphabetical order, no white space.
std::string ServiceRecordJson(const ServiceFacts& facts);

}  // namespace preseal::server
