// SPDX-License-Identifier: Apache-2.0
#include "tests/support/flow_api.h"

#include "preseal/flow/v1/flow.grpc.pb.h"
#include "preseal/profile/v1/profile.grpc.pb.h"
#include "tests/support/api_call.h"
#include "tests/support/floor_api.h"

namespace preseal::test {
namespace {

using FlowStub = flow::v1::FlowService::Stub;
using ProfileStub = profile::v1::ProfileService::Stub;

}  // namespace

struct FlowApi::Stubs {
  Stubs(const std::shared_ptr<grpc::Channel>& channel, std::string token)
      : flow(channel), profile(channel), bearer(std::move(token)) {}

  template <typename Stub, typename Request, typename Response>
  StatusOr<Response> Call(Stub& stub,
                          grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                       Response*),
                          const Request& request) {
    return CallApi(stub, method, bearer, request, FloorApi::kCallTimeout);
  }

  FlowStub flow;
  ProfileStub profile;
  const std::string bearer;
};

FlowApi::FlowApi(uint16_t api_port, const std::string& ca_pem, std::string bearer)
    : stubs_(std::make_unique<Stubs>(OpenApiChannel(api_port, ca_pem), std::move(bearer))) {}
FlowApi::~FlowApi() = default;

Status FlowApi::Apply(const std::string& yaml) {
  profile::v1::ApplyRequest request;
  auto* document = request.add_documents();
  document->set_file_name("scenario.yaml");
  document->set_text(yaml);
  ASSIGN_OR_RETURN(const auto answer, stubs_->Call(stubs_->profile, &ProfileStub::Apply, request));
  if (answer.applied()) return OkStatus();
  return FailedPrecondition("not applied: " + answer.ShortDebugString());
}

Status FlowApi::Hold(const std::string& device) {
  flow::v1::HoldDeviceRequest request;
  request.set_name(device);
  request.set_reason("a person wants to look");
  return stubs_->Call(stubs_->flow, &FlowStub::HoldDevice, request).status();
}

Status FlowApi::Resume(const std::string& device) {
  flow::v1::ResumeDeviceRequest request;
  request.set_name(device);
  return stubs_->Call(stubs_->flow, &FlowStub::ResumeDevice, request).status();
}

Status FlowApi::Waive(const std::string& device, const std::string& item,
                      const std::string& reason) {
  flow::v1::WaiveItemRequest request;
  request.set_name(device);
  request.set_item_id(item);
  request.set_reason(reason);
  return stubs_->Call(stubs_->flow, &FlowStub::WaiveItem, request).status();
}

Status FlowApi::Answer(const std::string& device, const std::string& item,
                       const std::string& answer) {
  flow::v1::AnswerPromptRequest request;
  request.set_name(device);
  request.set_item_id(item);
  request.set_answer(answer);
  return stubs_->Call(stubs_->flow, &FlowStub::AnswerPrompt, request).status();
}

Status FlowApi::Reset(const std::string& device) {
  flow::v1::ResetDeviceRequest request;
  request.set_name(device);
  request.set_reason("from the beginning");
  return stubs_->Call(stubs_->flow, &FlowStub::ResetDevice, request).status();
}

Status FlowApi::AllowNext(const std::string& device, const std::string& reason) {
  flow::v1::AllowNextEnrollmentRequest request;
  request.set_name(device);
  request.set_reason(reason);
  return stubs_->Call(stubs_->flow, &FlowStub::AllowNextEnrollment, request).status();
}

StatusOr<std::string> FlowApi::IssueUserCode(const std::string& device) {
  flow::v1::IssueUserCodeRequest request;
  request.set_name(device);
  ASSIGN_OR_RETURN(const auto issued,
                   stubs_->Call(stubs_->flow, &FlowStub::IssueUserCode, request));
  return issued.code();
}

StatusOr<std::string> FlowApi::ServiceRecord(const std::string& device) {
  flow::v1::GetServiceRecordRequest request;
  request.set_name(device);
  ASSIGN_OR_RETURN(const auto record,
                   stubs_->Call(stubs_->flow, &FlowStub::GetServiceRecord, request));
  return record.jws();
}

StatusOr<flow::v1::ListTokensResponse> FlowApi::Tokens() {
  return stubs_->Call(stubs_->flow, &FlowStub::ListTokens, flow::v1::ListTokensRequest());
}

}  // namespace preseal::test
