// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/profile_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "common/base/limits.h"
#include "server/adapters/grpc/caller.h"
#include "server/adapters/grpc/profile_views.h"
#include "server/adapters/grpc/resource_names.h"
#include "server/adapters/grpc/upload_reactor.h"
#include "server/domain/assignment/assignment_status.h"

namespace preseal::server {

namespace prv1 = profile::v1;

namespace {

constexpr std::string_view kSerialPrefix = "serials/";

StatusOr<Device> FindDevice(Tx& tx, std::string_view name) {
  if (name.starts_with(kSerialPrefix)) {
    return tx.devices.FindBySerial(NormaliseSerial(name.substr(kSerialPrefix.size())));
  }
  ASSIGN_OR_RETURN(const DeviceId id, ParseDeviceName(name));
  return tx.devices.Get(id);
}

StatusOr<AssignmentStatus> AssignmentOf(Tx& tx, const Device& device, ProfileCatalog& catalog) {
  ASSIGN_OR_RETURN(const auto runs, tx.runs.ListRuns(device.id));
  const auto latest = std::find_if(runs.rbegin(), runs.rend(),
                                   [](const Run& run) { return run.flow == Flow::kTechnician; });
  const bool ran = latest != runs.rend();
  return StatusOfAssignment(catalog.DigestNow(tx, device), ran,
                            ran ? latest->profile_digest : std::string());
}

bool HasNoPlan(AssignmentStatus status) {
  return status == AssignmentStatus::kNotAssigned || status == AssignmentStatus::kFailed;
}

}  // namespace

ProfileService::Unary ProfileService::Serve(Context context, Right right, Work work) {
  return workers_.Serve(context, [this, context, right, work = std::move(work)]() -> Status {
    ASSIGN_OR_RETURN(const Principal principal, Authorise(*context, parts_.accounts, right));
    return work(principal);
  });
}

ProfileService::Unary ProfileService::Apply(Context context, const prv1::ApplyRequest* request,
                                            prv1::ApplyResponse* response) {
  const Right right = request->validate_only() ? Right::kTryProfiles : Right::kManageProfiles;
  return Serve(context, right, [this, request, response](const Principal& who) -> Status {
    ASSIGN_OR_RETURN(const ApplyInput input, ToDomain(*request));
    ASSIGN_OR_RETURN(const ApplyAnswer answer, parts_.documents.Apply(who, input));
    ToProto(answer, *request, response);
    return OkStatus();
  });
}

grpc::ServerReadReactor<prv1::UploadArtifactRequest>* ProfileService::UploadArtifact(
    Context context, prv1::UploadArtifactResponse* response) {
  const auto who = Authorise(*context, parts_.accounts, Right::kManageProfiles);
  return StartUpload(who.status(), parts_.intake, workers_, response);
}

ProfileService::Unary ProfileService::ListDocuments(Context context,
                                                    const prv1::ListDocumentsRequest* request,
                                                    prv1::ListDocumentsResponse* response) {
  return Serve(context, Right::kSeeFleet, [this, request, response](const Principal&) -> Status {
    std::optional<DocumentKind> kind;
    if (!request->kind().empty()) {
      ASSIGN_OR_RETURN(kind, ParseDocumentKind(request->kind()));
    }
    ASSIGN_OR_RETURN(const auto documents, parts_.documents.List(request->with_text()));
    for (const StoredDocument& document : documents) {
      if (!kind || document.kind == *kind) ToProto(document, response->add_documents());
    }
    if (response->ByteSizeLong() > kGrpcMessageBytesMax) {
      return ResourceExhausted("too much for one answer: ask for one kind, or without text");
    }
    return OkStatus();
  });
}

ProfileService::Unary ProfileService::GetDocument(Context context,
                                                  const prv1::GetDocumentRequest* request,
                                                  prv1::Document* response) {
  return Serve(context, Right::kSeeFleet, [this, request, response](const Principal&) -> Status {
    ASSIGN_OR_RETURN(const auto name, ParseDocumentName(request->name()));
    ASSIGN_OR_RETURN(const StoredDocument document,
                     parts_.documents.Get(name.first, name.second, request->version()));
    ToProto(document, response);
    return OkStatus();
  });
}

ProfileService::Unary ProfileService::DeleteDocument(Context context,
                                                     const prv1::DeleteDocumentRequest* request,
                                                     prv1::Document* response) {
  return Serve(context, Right::kManageProfiles,
               [this, request, response](const Principal& who) -> Status {
                 ASSIGN_OR_RETURN(const auto name, ParseDocumentName(request->name()));
                 ASSIGN_OR_RETURN(const StoredDocument gone,
                                  parts_.documents.Delete(who, name.first, name.second));
                 ToProto(gone, response);
                 return OkStatus();
               });
}

ProfileService::Unary ProfileService::PreviewPlan(Context context,
                                                  const prv1::PreviewPlanRequest* request,
                                                  prv1::EffectivePlan* response) {
  return Serve(context, Right::kSeeFleet, [this, request, response](const Principal&) -> Status {
    const Flow flow = request->flow() == progress::v1::FLOW_USER ? Flow::kUser : Flow::kTechnician;
    std::optional<EffectivePlan> plan;
    // That there is no plan is an answer, too: the state, and why.
    const auto say_why = [response](const Status& why) -> Status {
      const int status = response->assignment();
      if (!HasNoPlan(static_cast<AssignmentStatus>(status))) return why;
      response->add_warnings(std::string(MessageOf(why)));
      return OkStatus();
    };
    RETURN_IF_ERROR(parts_.store.Read([&](Tx& tx) -> Status {
      ASSIGN_OR_RETURN(const Device device, FindDevice(tx, request->device()));
      response->set_device(NameOfDevice(device.id));
      ASSIGN_OR_RETURN(const auto status, AssignmentOf(tx, device, parts_.profiles));
      response->set_assignment(static_cast<prv1::ProfileAssignment>(status));
      auto preview = parts_.profiles.Preview(tx, device, flow, request->assigned_user());
      if (!preview.ok()) return say_why(preview.status());
      plan = *std::move(preview);
      return OkStatus();
    }));
    if (!plan) return OkStatus();
    const auto frozen = parts_.format.Encode(*plan);
    return frozen.ok() ? ToProto(*plan, *frozen, response) : say_why(frozen.status());
  });
}

}  // namespace preseal::server
