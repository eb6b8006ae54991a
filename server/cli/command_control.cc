// SPDX-License-Identifier: Apache-2.0
// start, retry, reseal.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <set>

#include "preseal/fleet/v1/fleet.grpc.pb.h"
#include "server/cli/commands.h"
#include "server/cli/connection.h"
#include "server/cli/control_results.h"
#include "server/cli/device_watch.h"
#include "server/cli/interrupts.h"
#include "server/cli/names.h"
#include "server/cli/views.h"

namespace preseal::server::cli {
namespace {

using Fleet = fleet_v1::FleetService::Stub;
using Results = std::vector<ControlResult>;

template <typename Request, typename Method>
StatusOr<fleet_v1::Command> Send(const Connection& connection, Method method,
                                 const std::string& device) {
  Request request;
  request.set_name(device);
  ASSIGN_OR_RETURN(*request.mutable_request_id(), NewRequestId());
  return connection.Call(method, request);
}

StatusOr<fleet_v1::Command> SendVerb(const Connection& connection, Verb verb,
                                     const std::string& device) {
  switch (verb) {
    case Verb::kStart:
      return Send<fleet_v1::StartDeviceRequest>(connection, &Fleet::StartDevice, device);
    case Verb::kRetry:
      return Send<fleet_v1::RetryDeviceRequest>(connection, &Fleet::RetryDevice, device);
    case Verb::kReseal:
      return Send<fleet_v1::ResealDeviceRequest>(connection, &Fleet::ResealDevice, device);
  }
  return Internal("no such verb");
}

// True if the next device has a chance: without a connection or a session it has none.
bool WorthGoingOn(const Status& status) {
  return status.code() != StatusCode::kUnavailable && status.code() != StatusCode::kUnauthenticated;
}

// Finds and commands each in turn; one that cannot be found never stops the others.
StatusOr<Results> CommandAll(const Connection& connection, Verb verb,
                             const std::vector<std::string>& asked) {
  Results results;
  std::set<std::string> seen;
  for (const std::string& text : asked) {
    ControlResult result{.asked = text, .device = "", .status = {}, .command = {}, .outcome = {}};
    const StatusOr<std::string> device = DeviceName(connection, text);
    if (device.ok()) {
      if (!seen.insert(*device).second) continue;  // the same device by two names
      result.device = *device;
      StatusOr<fleet_v1::Command> command = SendVerb(connection, verb, *device);
      result.status = command.status();
      if (command.ok()) result.command = std::move(command).value();
    } else {
      result.status = device.status();
    }
    if (!WorthGoingOn(result.status) && results.empty()) return result.status;
    results.push_back(std::move(result));
  }
  return results;
}

// The line under way on a terminal's standard error.
class ProgressLine {
 public:
  explicit ProgressLine(const Terminal& terminal)
      : out_(terminal.err_is_terminal ? terminal.err : nullptr) {}
  ~ProgressLine() { Show(""); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  void Show(std::string_view text) {
    if (out_ != nullptr) *out_ << "\r\x1b[2K" << text << std::flush;
  }

 private:
  std::ostream* out_;
};

std::string ProgressText(const Results& results, const fleet_v1::Device& newest) {
  size_t commanded = 0;
  size_t ended = 0;
  for (const ControlResult& result : results) {
    commanded += result.status.ok() ? 1 : 0;
    ended += result.outcome ? 1 : 0;
  }
  std::string text = fmt::format("{} of {} ended; {} {}", ended, commanded, IdOf(newest.name()),
                                 StateCell(newest.state()).text);
  if (newest.state() == lifecycle_v1::DEVICE_STATE_PROVISIONING) {
    text += fmt::format(" {}/{} {}%", newest.progress().items_done(),
                        newest.progress().items_total(), newest.progress().percent());
  }
  return text;
}

bool AllEnded(const Results& results) {
  return std::all_of(results.begin(), results.end(), [](const ControlResult& result) {
    return !result.status.ok() || result.outcome.has_value();
  });
}

Status FollowToOutcome(const Cli& cli, const Connection& connection, const ControlOptions& options,
                       Results* results) {
  if (AllEnded(*results)) return OkStatus();
  Interrupts interrupts;
  ProgressLine progress(cli.terminal());
  const auto on_message = [&](const fleet_v1::WatchDevicesResponse& message) {
    for (const auto& device : message.devices()) {
      for (ControlResult& result : *results) {
        if (result.device != device.name() || !result.status.ok() || result.outcome) continue;
        result.outcome = JudgeOutcome(options.verb, result.command, device);
        progress.Show(ProgressText(*results, device));
      }
    }
    return !AllEnded(*results);
  };
  // One device is watched alone; several share one stream, which shows each with its newest state.
  const std::string only = results->size() == 1 ? results->front().device : "";
  ASSIGN_OR_RETURN(const std::string batch, BatchName(options.batch));
  RETURN_IF_ERROR(FollowDevices(connection, interrupts, batch, only, on_message,
                                std::chrono::steady_clock::now() + options.wait_limit));
  return interrupts.interrupted() ? Cancelled("stopped waiting; the devices go on") : OkStatus();
}

// The devices of a bulk reseal after preview and question; empty if the person said no.
StatusOr<std::vector<std::string>> ChooseReady(const Cli& cli, const Connection& connection,
                                               const ControlOptions& options) {
  DeviceFilter filter;
  filter.batch = options.batch;
  ASSIGN_OR_RETURN(const auto devices, ListAllDevices(connection, filter));
  std::vector<std::string> ready;
  for (const auto& device : devices.devices()) {
    if (WhyNotSealable(device).empty()) ready.push_back(IdOf(device.name()));
  }
  // To standard error: standard output is for the results.
  *cli.terminal().err << MakeFormatter(OutputFormat::kTable, {})->Format(ResealPreview(devices))
                      << std::flush;
  if (ready.empty()) {
    return FailedPrecondition(fmt::format("no device of {} is ready to seal", options.batch));
  }
  if (!options.yes) {
    const std::string question = fmt::format("Reseal {} of {} devices? They will power off.",
                                             ready.size(), devices.devices_size());
    ASSIGN_OR_RETURN(const bool yes, Confirm(cli.terminal(), question));
    if (!yes) ready.clear();
  }
  return ready;
}

}  // namespace

StatusOr<ExitCode> Control(const Cli& cli, const ControlOptions& options) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  std::vector<std::string> asked = options.devices;
  if (options.all_ready) {
    ASSIGN_OR_RETURN(asked, ChooseReady(cli, *connection, options));
    if (asked.empty()) {
      cli.Say("nothing resealed");
      return ExitCode::kNo;
    }
  }
  ASSIGN_OR_RETURN(Results results, CommandAll(*connection, options.verb, asked));
  Status waited;
  if (options.wait) waited = FollowToOutcome(cli, *connection, options, &results);
  cli.Print(ControlReport(results));
  RETURN_IF_ERROR(waited);
  return ControlExitCode(results, options.wait);
}

}  // namespace preseal::server::cli
