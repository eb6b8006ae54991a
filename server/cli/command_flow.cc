// SPDX-License-Identifier: Apache-2.0
// hold, resume, waive, answer, extend, reset, restart, refresh, continue, update-device.
#include <fmt/format.h>

#include <utility>

#include "preseal/flow/v1/flow.grpc.pb.h"
#include "server/cli/connection.h"
#include "server/cli/control_results.h"
#include "server/cli/flow_commands.h"
#include "server/cli/names.h"
#include "server/cli/terminal.h"
#include "server/cli/views.h"

namespace preseal::server::cli {
namespace {

namespace flow_v1 = ::preseal::flow::v1;
using Flow = flow_v1::FlowService::Stub;

template <typename Request>
StatusOr<Request> NewRequest(const std::string& device) {
  Request request;
  request.set_name(device);
  ASSIGN_OR_RETURN(*request.mutable_request_id(), NewRequestId());
  return request;
}

template <typename Request, typename Method>
StatusOr<fleet_v1::Command> Send(const Connection& connection, Method method,
                                 const std::string& device) {
  ASSIGN_OR_RETURN(const Request request, NewRequest<Request>(device));
  return connection.Call(method, request);
}

StatusOr<fleet_v1::Command> Waive(const Connection& connection, const std::string& device,
                                  const FlowOptions& options) {
  ASSIGN_OR_RETURN(auto request, NewRequest<flow_v1::WaiveItemRequest>(device));
  request.set_item_id(options.item);
  request.set_reason(options.reason);
  return connection.Call(&Flow::WaiveItem, request);
}

StatusOr<fleet_v1::Command> Answer(const Connection& connection, const std::string& device,
                                   const FlowOptions& options) {
  ASSIGN_OR_RETURN(auto request, NewRequest<flow_v1::AnswerPromptRequest>(device));
  request.set_item_id(options.item);
  request.set_answer(options.answer);
  return connection.Call(&Flow::AnswerPrompt, request);
}

StatusOr<fleet_v1::Command> Extend(const Connection& connection, const std::string& device,
                                   const FlowOptions& options) {
  ASSIGN_OR_RETURN(auto request, NewRequest<flow_v1::ExtendDeadlineRequest>(device));
  request.set_item_id(options.item);
  request.mutable_by()->set_seconds(options.by.count());
  return connection.Call(&Flow::ExtendDeadline, request);
}

StatusOr<fleet_v1::Command> Reasoned(const Connection& connection, const std::string& device,
                                     const FlowOptions& options) {
  if (options.verb == FlowVerb::kHold) {
    ASSIGN_OR_RETURN(auto request, NewRequest<flow_v1::HoldDeviceRequest>(device));
    request.set_reason(options.reason);
    return connection.Call(&Flow::HoldDevice, request);
  }
  ASSIGN_OR_RETURN(auto request, NewRequest<flow_v1::ResetDeviceRequest>(device));
  request.set_reason(options.reason);
  return connection.Call(&Flow::ResetDevice, request);
}

StatusOr<fleet_v1::Command> Give(const Connection& connection, const std::string& device,
                                 const FlowOptions& options) {
  switch (options.verb) {
    case FlowVerb::kHold:
    case FlowVerb::kReset:
      return Reasoned(connection, device, options);
    case FlowVerb::kResume:
      return Send<flow_v1::ResumeDeviceRequest>(connection, &Flow::ResumeDevice, device);
    case FlowVerb::kWaive:
      return Waive(connection, device, options);
    case FlowVerb::kAnswer:
      return Answer(connection, device, options);
    case FlowVerb::kExtend:
      return Extend(connection, device, options);
    case FlowVerb::kRestart:
      return Send<flow_v1::RestartDeviceRequest>(connection, &Flow::RestartDevice, device);
    case FlowVerb::kContinue:
      return Send<flow_v1::ContinueAnywayRequest>(connection, &Flow::ContinueAnyway, device);
    case FlowVerb::kRefresh:
      break;
  }
  return Internal("no such command");
}

// What cannot be taken back is asked first; empty: nothing to ask.
std::string QuestionOf(FlowVerb verb, const std::string& device) {
  switch (verb) {
    case FlowVerb::kReset:
      return fmt::format("Start {} over? What its run did is given up.", device);
    case FlowVerb::kRestart:
      return fmt::format("Restart {} now?", device);
    case FlowVerb::kContinue:
      return fmt::format("Let the user of {} go on past the error?", device);
    default:
      return "";
  }
}

Status SetAttributes(const std::vector<std::string>& texts, flow_v1::UpdateDeviceRequest* out) {
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return InvalidArgument(fmt::format("an attribute is KEY=VALUE, not \"{}\"", text));
    }
    flow_v1::Attribute* attribute = out->add_set_attributes();
    attribute->set_key(text.substr(0, equals));
    attribute->set_value(text.substr(equals + 1));
  }
  return OkStatus();
}

}  // namespace

StatusOr<ExitCode> DirectFlow(const Cli& cli, const FlowOptions& options) {
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  ASSIGN_OR_RETURN(const std::string device, DeviceName(*connection, options.device));
  const std::string question = QuestionOf(options.verb, IdOf(device));
  if (!question.empty() && !options.yes) {
    ASSIGN_OR_RETURN(const bool yes, Confirm(cli.terminal(), question));
    if (!yes) {
      cli.Say("nothing done");
      return ExitCode::kNo;
    }
  }
  if (options.verb == FlowVerb::kRefresh) {
    flow_v1::RefreshDeviceRequest request;
    request.set_name(device);
    ASSIGN_OR_RETURN(const auto shown, connection->Call(&Flow::RefreshDevice, request));
    cli.Print(DeviceReport(shown));
    return ExitCode::kOk;
  }
  ASSIGN_OR_RETURN(auto command, Give(*connection, device, options));
  ControlResult result{.asked = options.device,
                       .device = device,
                       .status = {},
                       .command = std::move(command),
                       .outcome = {}};
  cli.Print(ControlReport({result}));
  return ExitCode::kOk;
}

StatusOr<ExitCode> UpdateDevice(const Cli& cli, const UpdateDeviceOptions& options) {
  flow_v1::UpdateDeviceRequest request;
  if (options.assigned_user) request.set_assigned_user(*options.assigned_user);
  if (options.group_tag) request.set_group_tag(*options.group_tag);
  if (options.slot) request.set_slot(*options.slot);
  if (options.profile) request.set_profile(*options.profile);
  RETURN_IF_ERROR(SetAttributes(options.attributes, &request));
  if (request.ByteSizeLong() == 0) return InvalidArgument("say what to change, see --help");
  ASSIGN_OR_RETURN(const auto connection, cli.Connect());
  ASSIGN_OR_RETURN(*request.mutable_name(), DeviceName(*connection, options.device));
  ASSIGN_OR_RETURN(const auto device, connection->Call(&Flow::UpdateDevice, request));
  cli.Print(DeviceReport(device));
  return ExitCode::kOk;
}

}  // namespace preseal::server::cli
