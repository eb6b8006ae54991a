// SPDX-License-Identifier: Apache-2.0
#include "server/cli/run_notes.h"

#include <fmt/format.h>

#include "server/cli/views.h"
#include "server/cli/views_reports.h"

namespace preseal::server::cli {
namespace {

using fleet_v1::Command;
using progress_v1::Wait;

bool IsUnderWay(const fleet_v1::Device& device) {
  return device.state() == lifecycle_v1::DEVICE_STATE_PROVISIONING ||
         device.state() == lifecycle_v1::DEVICE_STATE_USER_SETUP;
}

bool IsUnanswered(const Command& command) {
  return command.state() == Command::STATE_QUEUED || command.state() == Command::STATE_DELIVERED ||
         command.state() == Command::STATE_ACCEPTED;
}

std::string WaitsFor(Wait::Kind kind) {
  switch (kind) {
    case Wait::KIND_TOKEN:
      return "its turn";
    case Wait::KIND_INSTALLER:
      return "another installation";
    case Wait::KIND_RETRY:
      return "the next attempt";
    case Wait::KIND_PROMPT:
      return "an answer";
    case Wait::KIND_HOLD:
      return "a person to resume it";
    case Wait::KIND_REBOOT:
      return "its restart";
    case Wait::KIND_SERVER:
      return "the server";
    case Wait::KIND_SPOOL:
      return "the server to take its events";
    case Wait::KIND_DEVICE:
      return "a sign of life";
    default:
      return "something";
  }
}

}  // namespace

std::string RunNote(const fleet_v1::Device& device) {
  if (!IsUnderWay(device)) return "";
  const Command::Kind asked = IsUnanswered(device.last_command()) ? device.last_command().kind()
                                                                  : Command::KIND_UNSPECIFIED;
  if (device.held()) return asked == Command::KIND_RESUME ? "resume asked" : "on hold";
  if (asked == Command::KIND_HOLD) return "hold asked";
  return device.wait().kind() == Wait::KIND_PROMPT ? "needs an answer" : "";
}

std::string WaitText(const Wait& wait) {
  std::string text = WaitsFor(wait.kind());
  if (!wait.owner().empty()) text += ": " + wait.owner();
  if (wait.place() > 0) text += fmt::format(", place {}", wait.place());
  if (wait.has_start_time()) text += ", since " + TimeText(wait.start_time());
  if (wait.limit().seconds() > 0) text += ", at most " + DurationText(wait.limit());
  return text;
}

std::string ItemText(const progress_v1::Item& item) {
  if (item.has_waiver()) {
    return fmt::format("let pass by {}: {}", item.waiver().actor(), item.waiver().reason());
  }
  if (!item.has_wait()) return item.message();
  return (item.message().empty() ? "" : item.message() + "; ") + "waits for " +
         WaitText(item.wait());
}

}  // namespace preseal::server::cli
