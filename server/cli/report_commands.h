// SPDX-License-Identifier: Apache-2.0
// Commands that tell about deployments, seals and queues, and the permission to enrol again.
#pragma once

#include <chrono>
#include <string>

#include "server/cli/cli.h"

namespace preseal::server::cli {

struct AllowNextOptions {
  std::string device;
  std::string reason;
  std::chrono::seconds life{0};
};
StatusOr<ExitCode> AllowNext(const Cli& cli, const AllowNextOptions& options);

struct SealsOptions {
  std::string batch;
  bool ageing = false;
  bool expired = false;
  bool drifted = false;
  bool unconfirmed = false;
};
// kNo if anything is listed that was asked for by age, drift or missing confirmation, so that a
// script learns whether there is something to do.
StatusOr<ExitCode> ListSeals(const Cli& cli, const SealsOptions& options);

StatusOr<ExitCode> ShowTime(const Cli& cli, const std::string& device);
StatusOr<ExitCode> ShowJourney(const Cli& cli, const std::string& device);
StatusOr<ExitCode> ListQueues(const Cli& cli);

}  // namespace preseal::server::cli
