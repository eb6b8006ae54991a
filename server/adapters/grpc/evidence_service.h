// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "preseal/evidence/v1/evidence.grpc.pb.h"
#include "server/adapters/grpc/workers.h"
#include "server/service/accounts.h"
#include "server/service/evidence/evidence_archive.h"

namespace preseal::server {

// preseal.evidence.v1.EvidenceService; what each method does is said in the proto. The caller's
// right is asked for again before every message. Thread-safe.
class EvidenceService final : public evidence::v1::EvidenceService::CallbackService {
 public:
  EvidenceService(Accounts& accounts, EvidenceArchive& archive, Workers& workers)
      : accounts_(accounts), archive_(archive), workers_(workers) {}

  using Context = grpc::CallbackServerContext*;

  grpc::ServerWriteReactor<evidence::v1::ExportEvidenceResponse>* ExportEvidence(
      Context context, const evidence::v1::ExportEvidenceRequest* request) override;
  grpc::ServerWriteReactor<evidence::v1::AuditEvidenceResponse>* AuditEvidence(
      Context context, const evidence::v1::AuditEvidenceRequest* request) override;
  grpc::ServerWriteReactor<evidence::v1::TryPolicyResponse>* TryPolicy(
      Context context, const evidence::v1::TryPolicyRequest* request) override;

 private:
  Accounts& accounts_;
  EvidenceArchive& archive_;
  Workers& workers_;
};

}  // namespace preseal::server
