// SPDX-License-Identifier: Apache-2.0
// The commands of FlowService: one device each.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "server/cli/cli.h"

namespace preseal::server::cli {

enum class FlowVerb {
  kHold,
  kResume,
  kWaive,
  kAnswer,
  kExtend,
  kReset,
  kRestart,
  kRefresh,
  kContinue,
};
struct FlowOptions {
  FlowVerb verb = FlowVerb::kHold;
  std::string device;  // serial number or device id
  std::string item;    // waive, answer; extend: empty is the run
  std::string reason;  // hold, waive, reset
  std::string answer;
  std::chrono::seconds by{0};
  bool yes = false;  // reset, restart, continue: do not ask
};
// kNo if the person said no.
StatusOr<ExitCode> DirectFlow(const Cli& cli, const FlowOptions& options);

struct UpdateDeviceOptions {
  std::string device;
  std::optional<std::string> assigned_user;
  std::optional<std::string> group_tag;
  std::optional<std::string> slot;
  std::optional<std::string> profile;
  std::vector<std::string> attributes;  // KEY=VALUE; an empty value removes the key
};
// InvalidArgument: nothing to change, or no "=".
StatusOr<ExitCode> UpdateDevice(const Cli& cli, const UpdateDeviceOptions& options);

}  // namespace preseal::server::cli
