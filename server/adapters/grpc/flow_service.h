// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "preseal/flow/v1/flow.grpc.pb.h"
#include "server/adapters/grpc/device_views.h"
#include "server/adapters/grpc/flow_reports_handlers.h"
#include "server/adapters/grpc/workers.h"
#include "server/service/accounts.h"
#include "server/service/device_edit.h"
#include "server/service/flow/run_commands.h"
#include "server/service/user_flow/user_codes.h"

namespace preseal::server {

// What stands behind the methods; all outlive the service.
struct FlowServiceParts {
  Store& store;
  Accounts& accounts;
  RunCommands& commands;
  DeviceEdit& edit;
  FlowReportsHandlers& reports;
  const DeviceViews& views;
  UserCodeDesk* user_codes = nullptr;  // absent: nobody signs in by code
};

// preseal.flow.v1.FlowService; what each method does is said in the proto. Thread-safe.
class FlowService final : public flow::v1::FlowService::CallbackService {
 public:
  FlowService(FlowServiceParts parts, Workers& workers) : parts_(parts), workers_(workers) {}

  using Unary = grpc::ServerUnaryReactor*;
  using Context = grpc::CallbackServerContext*;

  Unary HoldDevice(Context context, const flow::v1::HoldDeviceRequest* request,
                   fleet::v1::Command* response) override;
  Unary ResumeDevice(Context context, const flow::v1::ResumeDeviceRequest* request,
                     fleet::v1::Command* response) override;
  Unary WaiveItem(Context context, const flow::v1::WaiveItemRequest* request,
                  fleet::v1::Command* response) override;
  Unary AnswerPrompt(Context context, const flow::v1::AnswerPromptRequest* request,
                     fleet::v1::Command* response) override;
  Unary ExtendDeadline(Context context, const flow::v1::ExtendDeadlineRequest* request,
                       fleet::v1::Command* response) override;
  Unary ResetDevice(Context context, const flow::v1::ResetDeviceRequest* request,
                    fleet::v1::Command* response) override;
  Unary CollectDiagnostics(Context context, const flow::v1::CollectDiagnosticsRequest* request,
                           fleet::v1::Command* response) override;
  Unary RestartDevice(Context context, const flow::v1::RestartDeviceRequest* request,
                      fleet::v1::Command* response) override;
  Unary RefreshDevice(Context context, const flow::v1::RefreshDeviceRequest* request,
                      fleet::v1::Device* response) override;
  Unary ContinueAnyway(Context context, const flow::v1::ContinueAnywayRequest* request,
                       fleet::v1::Command* response) override;
  Unary AllowNextEnrollment(Context context, const flow::v1::AllowNextEnrollmentRequest* request,
                            fleet::v1::Device* response) override;
  Unary IssueUserCode(Context context, const flow::v1::IssueUserCodeRequest* request,
                      flow::v1::IssueUserCodeResponse* response) override;
  Unary GetServiceRecord(Context context, const flow::v1::GetServiceRecordRequest* request,
                         flow::v1::ServiceRecord* response) override;
  Unary UpdateDevice(Context context, const flow::v1::UpdateDeviceRequest* request,
                     fleet::v1::Device* response) override;
  Unary GetTimeAttribution(Context context, const flow::v1::GetTimeAttributionRequest* request,
                           flow::v1::TimeAttribution* response) override;
  Unary GetJourney(Context context, const flow::v1::GetJourneyRequest* request,
                   flow::v1::Journey* response) override;
  Unary ListSeals(Context context, const flow::v1::ListSealsRequest* request,
                  flow::v1::ListSealsResponse* response) override;
  Unary ListTokens(Context context, const flow::v1::ListTokensRequest* request,
                   flow::v1::ListTokensResponse* response) override;

 private:
  using Work = std::function<Status(const Principal&)>;
  // Runs `work` on a worker for a caller with `right`.
  Unary Serve(Context context, Right right, Work work);
  using Verb = std::function<StatusOr<Command>(const Principal&, const DeviceId&)>;
  // Gives a command to the device named `name`.
  Unary Give(Context context, Right right, const std::string& name, Verb verb,
             fleet::v1::Command* response);
  Status Show(const Device& device, fleet::v1::Device* response) const;

  const FlowServiceParts parts_;
  Workers& workers_;
};

}  // namespace preseal::server
