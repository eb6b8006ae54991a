// SPDX-License-Identifier: Apache-2.0
#include "tests/support/floor_api.h"

#include "preseal/auth/v1/auth.grpc.pb.h"
#include "preseal/fleet/v1/fleet.grpc.pb.h"
#include "preseal/identity/v1/identity.grpc.pb.h"
#include "tests/support/api_call.h"

namespace preseal::test {
namespace {

constexpr int kPageSize = 500;

}  // namespace

struct FloorApi::Stubs {
  explicit Stubs(const std::shared_ptr<grpc::Channel>& channel)
      : auth(channel), fleet(channel), identity(channel) {}

  template <typename Stub, typename Request, typename Response>
  StatusOr<Response> Call(Stub& stub,
                          grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                       Response*),
                          const std::string& bearer, const Request& request) {
    return CallApi(stub, method, bearer, request, kCallTimeout);
  }

  auth::v1::AuthService::Stub auth;
  fleet::v1::FleetService::Stub fleet;
  identity::v1::IdentityService::Stub identity;
};

FloorApi::FloorApi(uint16_t api_port, const std::string& ca_pem)
    : stubs_(std::make_unique<Stubs>(OpenApiChannel(api_port, ca_pem))) {}
FloorApi::~FloorApi() = default;

Status FloorApi::FirstLogin(const std::string& user, const std::string& one_time_password) {
  auth::v1::LoginRequest request;
  request.set_username(user);
  request.set_password(one_time_password);
  request.set_new_password("chosen at the first login");
  ASSIGN_OR_RETURN(const auto response,
                   stubs_->Call(stubs_->auth, &auth::v1::AuthService::Stub::Login, "", request));
  bearer_ = response.token();
  return OkStatus();
}

StatusOr<fleet::v1::ImportDevicesResponse> FloorApi::Import(
    const fleet::v1::ImportDevicesRequest& request) {
  return stubs_->Call(stubs_->fleet, &fleet::v1::FleetService::Stub::ImportDevices, bearer_,
                      request);
}

StatusOr<std::vector<fleet::v1::Device>> FloorApi::List() {
  fleet::v1::ListDevicesRequest request;
  request.set_page_size(kPageSize);
  ASSIGN_OR_RETURN(
      const auto response,
      stubs_->Call(stubs_->fleet, &fleet::v1::FleetService::Stub::ListDevices, bearer_, request));
  return std::vector(response.devices().begin(), response.devices().end());
}

StatusOr<fleet::v1::Device> FloorApi::Get(const std::string& name) {
  fleet::v1::GetDeviceRequest request;
  request.set_name(name);
  return stubs_->Call(stubs_->fleet, &fleet::v1::FleetService::Stub::GetDevice, bearer_, request);
}

StatusOr<std::vector<fleet::v1::JournalEntry>> FloorApi::Journal(const std::string& device) {
  fleet::v1::ListEventsRequest request;
  request.set_device(device);
  request.set_page_size(kPageSize);
  std::vector<fleet::v1::JournalEntry> entries;
  do {
    ASSIGN_OR_RETURN(
        const auto page,
        stubs_->Call(stubs_->fleet, &fleet::v1::FleetService::Stub::ListEvents, bearer_, request));
    entries.insert(entries.end(), page.entries().begin(), page.entries().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return entries;
}

StatusOr<fleet::v1::Command> FloorApi::Start(const std::string& device,
                                             const std::string& request_id) {
  fleet::v1::StartDeviceRequest request;
  request.set_name(device);
  request.set_request_id(request_id);
  return stubs_->Call(stubs_->fleet, &fleet::v1::FleetService::Stub::StartDevice, bearer_, request);
}

StatusOr<fleet::v1::Command> FloorApi::Retry(const std::string& device) {
  fleet::v1::RetryDeviceRequest request;
  request.set_name(device);
  return stubs_->Call(stubs_->fleet, &fleet::v1::FleetService::Stub::RetryDevice, bearer_, request);
}

StatusOr<fleet::v1::Command> FloorApi::Reseal(const std::string& device,
                                              const std::string& request_id) {
  fleet::v1::ResealDeviceRequest request;
  request.set_name(device);
  request.set_request_id(request_id);
  return stubs_->Call(stubs_->fleet, &fleet::v1::FleetService::Stub::ResealDevice, bearer_,
                      request);
}

Status FloorApi::Revoke(const std::string& device, const std::string& reason) {
  identity::v1::RevokeDeviceRequest request;
  request.set_device(device);
  request.set_reason(reason);
  return stubs_
      ->Call(stubs_->identity, &identity::v1::IdentityService::Stub::RevokeDevice, bearer_, request)
      .status();
}

Status FloorApi::Unblock(const std::string& device, const std::string& reason) {
  identity::v1::UnblockDeviceRequest request;
  request.set_device(device);
  request.set_reason(reason);
  return stubs_
      ->Call(stubs_->identity, &identity::v1::IdentityService::Stub::UnblockDevice, bearer_,
             request)
      .status();
}

StatusOr<std::string> FloorApi::BirthCertificate(const std::string& device) {
  fleet::v1::GetBirthCertificateRequest request;
  request.set_name(device);
  ASSIGN_OR_RETURN(const auto response,
                   stubs_->Call(stubs_->fleet, &fleet::v1::FleetService::Stub::GetBirthCertificate,
                                bearer_, request));
  return response.jws();
}

}  // namespace preseal::test
