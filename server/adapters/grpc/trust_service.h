// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "preseal/trust/v1/trust.grpc.pb.h"
#include "server/adapters/grpc/workers.h"
#include "server/service/accounts.h"
#include "server/service/trust/trust_desk.h"

namespace preseal::server {

// preseal.trust.v1.TrustService; what each method does is said in the proto. Thread-safe.
class TrustService final : public trust::v1::TrustService::CallbackService {
 public:
  TrustService(Accounts& accounts, TrustDesk& desk, Workers& workers)
      : accounts_(accounts), desk_(desk), workers_(workers) {}

  using Unary = grpc::ServerUnaryReactor*;
  using Context = grpc::CallbackServerContext*;

  Unary GetTrustBundle(Context context, const trust::v1::GetTrustBundleRequest* request,
                       trust::v1::TrustBundle* response) override;
  Unary ImportTrust(Context context, const trust::v1::ImportTrustRequest* request,
                    trust::v1::TrustChange* response) override;
  Unary RemoveTrust(Context context, const trust::v1::RemoveTrustRequest* request,
                    trust::v1::TrustChange* response) override;
  Unary NarrowTrust(Context context, const trust::v1::NarrowTrustRequest* request,
                    trust::v1::TrustChange* response) override;
  Unary AcceptSha1(Context context, const trust::v1::AcceptSha1Request* request,
                   trust::v1::TrustChange* response) override;
  Unary ImportTrustBundle(Context context, const trust::v1::ImportTrustBundleRequest* request,
                          trust::v1::TrustChange* response) override;
  Unary ImportEkCertificates(Context context, const trust::v1::ImportEkCertificatesRequest* request,
                             trust::v1::TrustChange* response) override;
  Unary ApplyPolicy(Context context, const trust::v1::ApplyPolicyRequest* request,
                    trust::v1::ApplyPolicyResponse* response) override;
  Unary GetPolicy(Context context, const trust::v1::GetPolicyRequest* request,
                  trust::v1::Policy* response) override;
  Unary ListPolicies(Context context, const trust::v1::ListPoliciesRequest* request,
                     trust::v1::ListPoliciesResponse* response) override;

 private:
  using Work = std::function<Status(const Principal&)>;
  // Runs `work` on a worker for a caller with `right`.
  Unary Serve(Context context, Right right, Work work);

  Accounts& accounts_;
  TrustDesk& desk_;
  Workers& workers_;
};

}  // namespace preseal::server
