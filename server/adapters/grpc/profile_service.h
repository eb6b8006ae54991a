// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "preseal/profile/v1/profile.grpc.pb.h"
#include "server/adapters/grpc/workers.h"
#include "server/service/accounts.h"
#include "server/service/profile/artifact_store.h"
#include "server/service/profile/document_desk.h"
#include "server/service/profile/document_format.h"
#include "server/service/profile/profile_catalog.h"

namespace preseal::server {

// What the service stands on; all outlive it.
struct ProfileServiceParts {
  Accounts& accounts;
  Store& store;
  DocumentDesk& documents;
  ProfileCatalog& profiles;
  const DocumentFormat& format;
  const ArtifactIntake& intake;
};

// preseal.profile.v1.ProfileService; what each method does is said in the proto. Thread-safe.
class ProfileService final : public profile::v1::ProfileService::CallbackService {
 public:
  ProfileService(const ProfileServiceParts& parts, Workers& workers)
      : parts_(parts), workers_(workers) {}

  using Unary = grpc::ServerUnaryReactor*;
  using Context = grpc::CallbackServerContext*;

  Unary Apply(Context context, const profile::v1::ApplyRequest* request,
              profile::v1::ApplyResponse* response) override;
  grpc::ServerReadReactor<profile::v1::UploadArtifactRequest>* UploadArtifact(
      Context context, profile::v1::UploadArtifactResponse* response) override;
  Unary ListDocuments(Context context, const profile::v1::ListDocumentsRequest* request,
                      profile::v1::ListDocumentsResponse* response) override;
  Unary GetDocument(Context context, const profile::v1::GetDocumentRequest* request,
                    profile::v1::Document* response) override;
  Unary DeleteDocument(Context context, const profile::v1::DeleteDocumentRequest* request,
                       profile::v1::Document* response) override;
  Unary PreviewPlan(Context context, const profile::v1::PreviewPlanRequest* request,
                    profile::v1::EffectivePlan* response) override;

 private:
  using Work = std::function<Status(const Principal&)>;
  // Runs `work` on a worker for a caller with `right`.
  Unary Serve(Context context, Right right, Work work);

  const ProfileServiceParts parts_;
  Workers& workers_;
};

}  // namespace preseal::server
