// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/flow_service.h"

#include <utility>

#include "common/base/limits.h"
#include "server/adapters/grpc/caller.h"
#include "server/adapters/grpc/convert.h"
#include "server/adapters/grpc/resource_names.h"

namespace preseal::server {
namespace {

namespace fv1 = flow::v1;

// Out of range becomes 0 or the largest, which the command then refuses with its limits.
std::chrono::milliseconds MillisecondsOf(const google::protobuf::Duration& duration) {
  const auto longest =
      std::chrono::duration_cast<std::chrono::seconds>(kStepTimeoutMax).count() + 1;
  if (duration.seconds() < 0 || duration.nanos() < 0) return std::chrono::milliseconds(0);
  return std::chrono::seconds(std::min<int64_t>(duration.seconds(), longest));
}

DeviceChange ToDomain(const fv1::UpdateDeviceRequest& request) {
  DeviceChange change;
  if (request.has_assigned_user()) change.assigned_user = request.assigned_user();
  if (request.has_group_tag()) change.group_tag = request.group_tag();
  if (request.has_slot()) change.slot = request.slot();
  if (request.has_profile()) change.profile = request.profile();
  for (const fv1::Attribute& attribute : request.set_attributes()) {
    change.attributes.emplace_back(attribute.key(), attribute.value());
  }
  return change;
}

}  // namespace

FlowService::Unary FlowService::Serve(Context context, Right right, Work work) {
  return workers_.Serve(context, [this, context, right, work = std::move(work)]() -> Status {
    ASSIGN_OR_RETURN(const Principal principal, Authorise(*context, parts_.accounts, right));
    return work(principal);
  });
}

FlowService::Unary FlowService::Give(Context context, Right right, const std::string& name,
                                     Verb verb, fleet::v1::Command* response) {
  return Serve(context, right,
               [&name, verb = std::move(verb), response](const Principal& who) -> Status {
                 ASSIGN_OR_RETURN(const DeviceId id, ParseDeviceName(name));
                 ASSIGN_OR_RETURN(const Command command, verb(who, id));
                 ToProto(command, response);
                 return OkStatus();
               });
}

Status FlowService::Show(const Device& device, fleet::v1::Device* response) const {
  return parts_.store.Read(
      [&](Tx& tx) { return parts_.views.Fill(tx, device, DeviceDetail::kPage, response); });
}

FlowService::Unary FlowService::HoldDevice(Context context, const fv1::HoldDeviceRequest* request,
                                           fleet::v1::Command* response) {
  return Give(
      context, Right::kRunTechnicianFlow, request->name(),
      [this, request](const Principal& who, const DeviceId& id) {
        return parts_.commands.Hold(who, id, request->reason(), request->request_id());
      },
      response);
}

FlowService::Unary FlowService::ResumeDevice(Context context,
                                             const fv1::ResumeDeviceRequest* request,
                                             fleet::v1::Command* response) {
  return Give(
      context, Right::kRunTechnicianFlow, request->name(),
      [this, request](const Principal& who, const DeviceId& id) {
        return parts_.commands.Resume(who, id, request->request_id());
      },
      response);
}

FlowService::Unary FlowService::WaiveItem(Context context, const fv1::WaiveItemRequest* request,
                                          fleet::v1::Command* response) {
  return Give(
      context, Right::kDirectFlow, request->name(),
      [this, request](const Principal& who, const DeviceId& id) -> StatusOr<Command> {
        RETURN_IF_ERROR(RequirePerson(who));
        return parts_.commands.Waive(who, id, request->item_id(), request->reason(),
                                     request->request_id());
      },
      response);
}

FlowService::Unary FlowService::AnswerPrompt(Context context,
                                             const fv1::AnswerPromptRequest* request,
                                             fleet::v1::Command* response) {
  return Give(
      context, Right::kRunTechnicianFlow, request->name(),
      [this, request](const Principal& who, const DeviceId& id) {
        return parts_.commands.Answer(who, id, request->item_id(), request->answer(),
                                      request->request_id());
      },
      response);
}

FlowService::Unary FlowService::ExtendDeadline(Context context,
                                               const fv1::ExtendDeadlineRequest* request,
                                               fleet::v1::Command* response) {
  return Give(
      context, Right::kDirectFlow, request->name(),
      [this, request](const Principal& who, const DeviceId& id) {
        return parts_.commands.Extend(who, id, request->item_id(), MillisecondsOf(request->by()),
                                      request->request_id());
      },
      response);
}

FlowService::Unary FlowService::ResetDevice(Context context, const fv1::ResetDeviceRequest* request,
                                            fleet::v1::Command* response) {
  return Give(
      context, Right::kDirectFlow, request->name(),
      [this, request](const Principal& who, const DeviceId& id) {
        return parts_.commands.Reset(who, id, request->reason(), request->request_id());
      },
      response);
}

FlowService::Unary FlowService::CollectDiagnostics(Context context,
                                                   const fv1::CollectDiagnosticsRequest* request,
                                                   fleet::v1::Command* response) {
  return Give(
      context, Right::kRunTechnicianFlow, request->name(),
      [this, request](const Principal& who, const DeviceId& id) {
        return parts_.commands.CollectDiagnostics(who, id, request->request_id());
      },
      response);
}

FlowService::Unary FlowService::RestartDevice(Context context,
                                              const fv1::RestartDeviceRequest* request,
                                              fleet::v1::Command* response) {
  return Give(
      context, Right::kDirectFlow, request->name(),
      [this, request](const Principal& who, const DeviceId& id) {
        return parts_.commands.Restart(who, id, request->request_id());
      },
      response);
}

FlowService::Unary FlowService::ContinueAnyway(Context context,
                                               const fv1::ContinueAnywayRequest* request,
                                               fleet::v1::Command* response) {
  return Give(
      context, Right::kDirectFlow, request->name(),
      [this, request](const Principal& who, const DeviceId& id) {
        return parts_.commands.Continue(who, id, request->request_id());
      },
      response);
}

FlowService::Unary FlowService::RefreshDevice(Context context,
                                              const fv1::RefreshDeviceRequest* request,
                                              fleet::v1::Device* response) {
  return Serve(context, Right::kRunTechnicianFlow,
               [this, request, response](const Principal& who) -> Status {
                 ASSIGN_OR_RETURN(const DeviceId id, ParseDeviceName(request->name()));
                 ASSIGN_OR_RETURN(const Device device, parts_.commands.Refresh(who, id));
                 return Show(device, response);
               });
}

FlowService::Unary FlowService::UpdateDevice(Context context,
                                             const fv1::UpdateDeviceRequest* request,
                                             fleet::v1::Device* response) {
  return Serve(
      context, Right::kDirectFlow, [this, request, response](const Principal& who) -> Status {
        ASSIGN_OR_RETURN(const DeviceId id, ParseDeviceName(request->name()));
        ASSIGN_OR_RETURN(const Device device, parts_.edit.Update(who, id, ToDomain(*request)));
        return Show(device, response);
      });
}

FlowService::Unary FlowService::AllowNextEnrollment(Context context,
                                                    const fv1::AllowNextEnrollmentRequest* request,
                                                    fleet::v1::Device* response) {
  return Serve(
      context, Right::kManageIdentities, [this, request, response](const Principal& who) -> Status {
        ASSIGN_OR_RETURN(const Device device, parts_.reports.AllowNextEnrollment(who, *request));
        return Show(device, response);
      });
}

FlowService::Unary FlowService::IssueUserCode(Context context,
                                              const fv1::IssueUserCodeRequest* request,
                                              fv1::IssueUserCodeResponse* response) {
  return Serve(context, Right::kDirectFlow,
               [this, request, response](const Principal& who) -> Status {
                 ASSIGN_OR_RETURN(const DeviceId id, ParseDeviceName(request->name()));
                 if (parts_.user_codes == nullptr) {
                   return FailedPrecondition("this server takes no sign-ins by code");
                 }
                 ASSIGN_OR_RETURN(const IssuedUserCode issued, parts_.user_codes->Issue(who, id));
                 response->set_username(issued.username);
                 response->set_code(issued.code);
                 SetTime(issued.expire_time, response->mutable_expire_time());
                 return OkStatus();
               });
}

FlowService::Unary FlowService::GetServiceRecord(Context context,
                                                 const fv1::GetServiceRecordRequest* request,
                                                 fv1::ServiceRecord* response) {
  return Serve(context, Right::kSeeFleet, [this, request, response](const Principal&) -> Status {
    ASSIGN_OR_RETURN(const DeviceId id, ParseDeviceName(request->name()));
    return parts_.store.Read([&](Tx& tx) -> Status {
      RETURN_IF_ERROR(tx.devices.Get(id).status());
      ASSIGN_OR_RETURN(*response->mutable_jws(), tx.user_flow.ServiceRecord(id));
      return OkStatus();
    });
  });
}

FlowService::Unary FlowService::GetTimeAttribution(Context context,
                                                   const fv1::GetTimeAttributionRequest* request,
                                                   fv1::TimeAttribution* response) {
  return Serve(context, Right::kSeeFleet, [this, request, response](const Principal&) {
    return parts_.reports.GetTimeAttribution(*request, response);
  });
}

FlowService::Unary FlowService::GetJourney(Context context, const fv1::GetJourneyRequest* request,
                                           fv1::Journey* response) {
  return Serve(context, Right::kSeeFleet, [this, request, response](const Principal&) {
    return parts_.reports.GetJourney(*request, response);
  });
}

FlowService::Unary FlowService::ListSeals(Context context, const fv1::ListSealsRequest* request,
                                          fv1::ListSealsResponse* response) {
  return Serve(context, Right::kSeeFleet, [this, request, response](const Principal&) {
    return parts_.reports.ListSeals(*request, response);
  });
}

FlowService::Unary FlowService::ListTokens(Context context, const fv1::ListTokensRequest*,
                                           fv1::ListTokensResponse* response) {
  return Serve(context, Right::kSeeFleet,
               [this, response](const Principal&) { return parts_.reports.ListTokens(response); });
}

}  // namespace preseal::server
