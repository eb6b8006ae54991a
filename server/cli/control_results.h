// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/status/status.h"
#include "preseal/fleet/v1/fleet.pb.h"
#include "server/cli/commands.h"
#include "server/cli/outcome.h"
#include "server/cli/report.h"

namespace preseal::server::cli {

// One device of a start, retry or reseal, from what was typed to how it came out.
struct ControlResult {
  std::string asked;   // as typed
  std::string device;  // resource name, empty if not found
  Status status;       // of finding and commanding it
  preseal::fleet::v1::Command command;
  std::optional<Outcome> outcome;  // with --wait only
};

// One row per device, in the order asked.
Report ControlReport(const std::vector<ControlResult>& results);

// 2 if anything could not be found out (also an outcome that was waited for in vain), else 1 if
// anything was refused or failed, else 0.
ExitCode ControlExitCode(const std::vector<ControlResult>& results, bool waited);

// What a bulk reseal would do, before it does it.
Report ResealPreview(const preseal::fleet::v1::ListDevicesResponse& devices);

}  // namespace preseal::server::cli
