// SPDX-License-Identifier: Apache-2.0
#include "server/service/principal.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/limits.h"

namespace preseal::server {
namespace {

std::string_view NameOf(Right right) {
  switch (right) {
    case Right::kSeeFleet:
      return "see devices";
    case Right::kRunTechnicianFlow:
      return "start, retry or reseal devices";
    case Right::kDirectFlow:
      return "waive, extend, reset, restart or change devices";
    case Right::kImport:
      return "import devices";
    case Right::kSeeEvidence:
      return "read attestation evidence";
    case Right::kSeeBatches:
      return "see batches";
    case Right::kManageTokens:
      return "manage API tokens";
    case Right::kManageTrust:
      return "change whose word about TPMs counts, or the policy";
    case Right::kManageProfiles:
      return "change profiles and assignments";
    case Right::kTryProfiles:
      return "try profiles and assignments";
    case Right::kManageIdentities:
      return "decide about identities";
    case Right::kAuditEvidence:
      return "audit the evidence";
    case Right::kTryPolicy:
      return "try a policy";
  }
  return "";
}

}  // namespace

bool Allows(Role role, Right right) {
  const bool staff = role == Role::kOperator || role == Role::kLead || role == Role::kAdmin;
  switch (right) {
    case Right::kSeeFleet:
      return staff || role == Role::kAuditor;
    case Right::kRunTechnicianFlow:
      return staff;
    case Right::kDirectFlow:
    case Right::kImport:
      return role == Role::kLead || role == Role::kAdmin;
    case Right::kSeeEvidence:
      return role == Role::kLead || role == Role::kAdmin || role == Role::kAuditor;
    case Right::kSeeBatches:
      return staff || role == Role::kAuditor || role == Role::kReseller;
    case Right::kManageTokens:
    case Right::kManageTrust:
    case Right::kManageProfiles:
      return role == Role::kAdmin;
    case Right::kAuditEvidence:
      return role == Role::kAdmin || role == Role::kAuditor;
    case Right::kManageIdentities:
    case Right::kTryProfiles:
    case Right::kTryPolicy:
      return role == Role::kLead || role == Role::kAdmin;
  }
  return false;
}

Status Require(const Principal& principal, Right right) {
  if (Allows(principal.role, right)) return OkStatus();
  return PermissionDenied(
      fmt::format("the role {} may not {}", NameOf(principal.role), NameOf(right)));
}

Status RequireBatch(const Principal& principal, const BatchId& batch) {
  RETURN_IF_ERROR(Require(principal, Right::kSeeBatches));
  if (principal.role != Role::kReseller) return OkStatus();
  const auto& own = principal.batches;
  if (std::find(own.begin(), own.end(), batch) != own.end()) return OkStatus();
  return PermissionDenied(fmt::format("this token does not cover batch {}", batch.text()));
}

Status RequirePerson(const Principal& principal) {
  if (!principal.name.starts_with("token:")) return OkStatus();
  return PermissionDenied("a person must decide this by name: log in instead of using a token");
}

Status CheckReason(std::string_view reason) {
  const bool blank = reason.find_first_not_of(" \t\r\n") == std::string_view::npos;
  if (blank) return InvalidArgument("a reason is needed");
  if (reason.size() > kReasonBytesMax) {
    return InvalidArgument(fmt::format("reason is longer than {} bytes", kReasonBytesMax));
  }
  return OkStatus();
}

std::string_view NameOf(Role role) {
  switch (role) {
    case Role::kOperator:
      return "operator";
    case Role::kLead:
      return "lead";
    case Role::kAdmin:
      return "admin";
    case Role::kReseller:
      return "reseller";
    case Role::kAuditor:
      return "auditor";
  }
  return "";
}

}  // namespace preseal::server
