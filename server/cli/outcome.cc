// SPDX-License-Identifier: Apache-2.0
#include "server/cli/outcome.h"

#include <fmt/format.h>

#include <utility>

#include "server/cli/views.h"

namespace preseal::server::cli {
namespace {

bool EnteredSince(const fleet_v1::Device& device, const fleet_v1::Command& command) {
  const auto& entered = device.state_time();
  const auto& given = command.create_time();
  return std::pair(entered.seconds(), entered.nanos()) >= std::pair(given.seconds(), given.nanos());
}

std::string FailureText(const fleet_v1::Device& device) {
  const auto& failure = device.failure();
  std::string text = StateCell(device.state()).text;
  if (!failure.code().empty()) text += ": " + failure.code();
  if (!failure.message().empty()) text += ": " + failure.message();
  return text;
}

std::optional<Outcome> JudgeRun(Verb verb, const fleet_v1::Device& device, bool entered_since) {
  switch (device.state()) {
    case lifecycle_v1::DEVICE_STATE_READY_TO_SEAL:
      if (!entered_since) return std::nullopt;
      return Outcome{true, "ready to seal"};
    case lifecycle_v1::DEVICE_STATE_SEALING:
    case lifecycle_v1::DEVICE_STATE_SEALED:
    case lifecycle_v1::DEVICE_STATE_USER_SETUP:
    case lifecycle_v1::DEVICE_STATE_IN_SERVICE:
      return Outcome{true, "provisioned, now " + StateCell(device.state()).text};
    case lifecycle_v1::DEVICE_STATE_ENROLLED:
      if (verb != Verb::kRetry || device.has_run() || !entered_since) return std::nullopt;
      return Outcome{true, "enrolled"};
    case lifecycle_v1::DEVICE_STATE_FAILED:
    case lifecycle_v1::DEVICE_STATE_BLOCKED:
      if (!entered_since) return std::nullopt;
      return Outcome{false, FailureText(device)};
    case lifecycle_v1::DEVICE_STATE_RETIRED:
      return Outcome{false, "retired"};
    default:
      return std::nullopt;
  }
}

std::optional<Outcome> JudgeReseal(const fleet_v1::Device& device, bool entered_since) {
  switch (device.state()) {
    case lifecycle_v1::DEVICE_STATE_SEALED:
    case lifecycle_v1::DEVICE_STATE_USER_SETUP:
    case lifecycle_v1::DEVICE_STATE_IN_SERVICE:
      if (device.seal_unconfirmed()) {
        return Outcome{false, "sealed, but its power-off was not seen: look at the device"};
      }
      return Outcome{true, "sealed"};
    case lifecycle_v1::DEVICE_STATE_SEALING:
      if (!device.seal_unconfirmed()) return std::nullopt;
      return Outcome{false, "seal unconfirmed: its power-off was not seen, look at the device"};
    case lifecycle_v1::DEVICE_STATE_READY_TO_SEAL:
      if (!entered_since) return std::nullopt;
      return Outcome{false, "back at ready to seal: the reseal did not go through"};
    case lifecycle_v1::DEVICE_STATE_RETIRED:
      return Outcome{false, "retired"};
    case lifecycle_v1::DEVICE_STATE_FAILED:
    case lifecycle_v1::DEVICE_STATE_BLOCKED:
      if (!entered_since) return std::nullopt;
      return Outcome{false, FailureText(device)};
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<Outcome> JudgeOutcome(Verb verb, const fleet_v1::Command& command,
                                    const fleet_v1::Device& device) {
  const auto& last = device.last_command();
  if (last.name() == command.name() && last.state() == fleet_v1::Command::STATE_FAILED) {
    std::string text = last.message().empty() ? "the device refused" : last.message();
    if (!last.code().empty()) text = last.code() + ": " + text;
    return Outcome{false, std::move(text)};
  }
  const bool entered_since = EnteredSince(device, command);
  return verb == Verb::kReseal ? JudgeReseal(device, entered_since)
                               : JudgeRun(verb, device, entered_since);
}

std::string WhyNotSealable(const fleet_v1::Device& device) {
  if (device.sealable()) return "";
  switch (device.state()) {
    case lifecycle_v1::DEVICE_STATE_REGISTERED:
      return "never seen";
    case lifecycle_v1::DEVICE_STATE_PRESENT:
      return "not attested yet";
    case lifecycle_v1::DEVICE_STATE_ENROLLED:
      return "not started";
    case lifecycle_v1::DEVICE_STATE_PROVISIONING:
      return fmt::format("still running: {} of {} items", device.progress().items_done(),
                         device.progress().items_total());
    case lifecycle_v1::DEVICE_STATE_READY_TO_SEAL:
      return "not connected, or an item is open again";
    case lifecycle_v1::DEVICE_STATE_SEALING:
      return "reseal under way";
    case lifecycle_v1::DEVICE_STATE_SEALED:
    case lifecycle_v1::DEVICE_STATE_USER_SETUP:
    case lifecycle_v1::DEVICE_STATE_IN_SERVICE:
      return "already sealed";
    case lifecycle_v1::DEVICE_STATE_FAILED:
    case lifecycle_v1::DEVICE_STATE_BLOCKED:
      return FailureText(device);
    case lifecycle_v1::DEVICE_STATE_RETIRED:
      return "retired";
    default:
      return "in a state this version does not know";
  }
}

}  // namespace preseal::server::cli
