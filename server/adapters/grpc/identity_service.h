// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "preseal/identity/v1/identity.grpc.pb.h"
#include "server/adapters/grpc/workers.h"
#include "server/service/accounts.h"
#include "server/service/enrollment/admission_office.h"
#include "server/service/identity/identity_office.h"

namespace preseal::server {

// preseal.identity.v1.IdentityService; what each method does is said in the proto. Thread-safe.
class IdentityService final : public identity::v1::IdentityService::CallbackService {
 public:
  IdentityService(Accounts& accounts, IdentityOffice& identities, AdmissionOffice& admission,
                  Workers& workers)
      : accounts_(accounts), identities_(identities), admission_(admission), workers_(workers) {}

  using Unary = grpc::ServerUnaryReactor*;
  using Context = grpc::CallbackServerContext*;

  Unary GetIdentity(Context context, const identity::v1::GetIdentityRequest* request,
                    identity::v1::Identity* response) override;
  Unary UnblockDevice(Context context, const identity::v1::UnblockDeviceRequest* request,
                      identity::v1::Identity* response) override;
  Unary RebindDevice(Context context, const identity::v1::RebindDeviceRequest* request,
                     identity::v1::Identity* response) override;
  Unary ReleaseDevice(Context context, const identity::v1::ReleaseDeviceRequest* request,
                      identity::v1::Identity* response) override;
  Unary RevokeDevice(Context context, const identity::v1::RevokeDeviceRequest* request,
                     identity::v1::Identity* response) override;
  Unary VouchForDevice(Context context, const identity::v1::VouchForDeviceRequest* request,
                       identity::v1::Identity* response) override;
  Unary ImportListedEks(Context context, const identity::v1::ImportListedEksRequest* request,
                        identity::v1::ImportListedEksResponse* response) override;
  Unary ListListedEks(Context context, const identity::v1::ListListedEksRequest* request,
                      identity::v1::ListListedEksResponse* response) override;
  Unary RemoveListedEks(Context context, const identity::v1::RemoveListedEksRequest* request,
                        identity::v1::RemoveListedEksResponse* response) override;
  Unary CreateOrderCode(Context context, const identity::v1::CreateOrderCodeRequest* request,
                        identity::v1::CreateOrderCodeResponse* response) override;
  Unary ListOrderCodes(Context context, const identity::v1::ListOrderCodesRequest* request,
                       identity::v1::ListOrderCodesResponse* response) override;
  Unary RevokeOrderCode(Context context, const identity::v1::RevokeOrderCodeRequest* request,
                        identity::v1::OrderCode* response) override;
  Unary ListGoldenSets(Context context, const identity::v1::ListGoldenSetsRequest* request,
                       identity::v1::ListGoldenSetsResponse* response) override;
  Unary GetGoldenSet(Context context, const identity::v1::GetGoldenSetRequest* request,
                     identity::v1::GoldenSet* response) override;
  Unary ApproveGoldenSet(Context context, const identity::v1::ApproveGoldenSetRequest* request,
                         identity::v1::GoldenSet* response) override;
  Unary RetireGoldenSet(Context context, const identity::v1::RetireGoldenSetRequest* request,
                        identity::v1::GoldenSet* response) override;

 private:
  using Work = std::function<Status(const Principal&)>;
  // Runs `work` on a worker for a caller with `right`.
  Unary Serve(Context context, Right right, Work work);
  // A decision about one device, answered with its identity as it is then.
  using Decision = std::function<Status(const Principal&, const DeviceId&)>;
  Unary Decide(Context context, const std::string& device, Decision decision,
               identity::v1::Identity* response);

  Accounts& accounts_;
  IdentityOffice& identities_;
  AdmissionOffice& admission_;
  Workers& workers_;
};

}  // namespace preseal::server
