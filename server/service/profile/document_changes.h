// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "server/domain/assignment/library.h"
#include "server/service/ports.h"
#include "server/service/profile/library_loader.h"

namespace preseal::server {

// The actor of what the profiles folder brought.
inline constexpr char kFolderActor[] = "profiles folder";

// Values equal preseal.profile.v1.DocumentChange.Outcome.
enum class ChangeOutcome { kCreated = 1, kChanged = 2, kUnchanged = 3, kDeleted = 4 };

struct DocumentChange {
  ChangeOutcome outcome = ChangeOutcome::kUnchanged;
  DocumentKind kind = DocumentKind::kDeploymentProfile;
  std::string id;
  uint32_t version = 0;  // the new one
  std::vector<std::string> diff;
  uint32_t devices = 0;  // not yet sealed, whose plan changes and which it is about
};

// What taking documents in would change.
struct PlannedChanges {
  std::vector<DocumentChange> changes;  // in the order of the documents, then what is ended
  std::vector<StoredDocument> writes;   // the next versions
  Library before;
  Library after;
};

// `prune`: documents that are not among these end. For kFolderActor, documents that a person wrote
// last are kept as they are, and logged.
StatusOr<PlannedChanges> PlanChanges(Tx& tx, const LibraryLoader& loader,
                                     const std::vector<ParsedDocument>& documents, bool prune,
                                     const std::string& actor, WallTime now);

}  // namespace preseal::server
