// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.h"
#include "common/status/status.h"
#include "server/service/ports.h"

namespace preseal::server {

// Who is calling: a person with a session or a holder of an API token.
struct Principal {
  std::string name;              // username, or "token:" and the token's id
  Role role = Role::kReseller;   // the weakest, so that a forgotten field grants nothing
  std::vector<BatchId> batches;  // kReseller: all it may see
};

// What a method needs. Checked by every adapter before anything else.
enum class Right {
  kSeeFleet,           // operator, lead, admin, auditor
  kRunTechnicianFlow,  // operator, lead, admin
  kDirectFlow,         // lead, admin: waive, extend, reset, restart, continue, change records
  kImport,             // lead, admin
  kSeeEvidence,        // lead, admin, auditor
  kSeeBatches,         // everyone; resellers only their own
  kManageTokens,       // admin
  kManageTrust,        // admin: trust bundle, policy
  kManageProfiles,     // admin: profiles, groups, items, assignments
  kTryProfiles,        // lead, admin: what applying them would do
  kManageIdentities,   // lead, admin: blocks, TPMs, order codes, golden values
  kAuditEvidence,      // admin, auditor: whether anybody changed what was stored
  kTryPolicy,          // lead, admin: on past evidence, without effect
};

bool Allows(Role role, Right right);
// PermissionDenied names the right that is missing.
Status Require(const Principal& principal, Right right);
// PermissionDenied for a reseller whose token does not name `batch`, whether or not it exists.
Status RequireBatch(const Principal& principal, const BatchId& batch);

// A decision that carries a name: PermissionDenied for an API token, behind which anybody may be.
Status RequirePerson(const Principal& principal);
// InvalidArgument if a reason is empty or longer than kReasonBytesMax.
Status CheckReason(std::string_view reason);

std::string_view NameOf(Role role);

}  // namespace preseal::server
