// SPDX-License-Identifier: Apache-2.0
#include "server/service/profile/document_changes.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/crypto/digest.h"
#include "common/log/log.h"
#include "server/domain/profile/text_diff.h"

namespace preseal::server {
namespace {

Bytes DigestOf(std::string_view text) {
  const auto digest = crypto::Sha256(AsBytes(text));
  return Bytes(digest.begin(), digest.end());
}

class ChangePlanner {
 public:
  ChangePlanner(Tx& tx, const LibraryLoader& loader, std::string actor, WallTime now)
      : tx_(tx), loader_(loader), actor_(std::move(actor)), now_(now) {}

  StatusOr<PlannedChanges> Run(const std::vector<ParsedDocument>& documents, bool prune) {
    ASSIGN_OR_RETURN(kept_, tx_.documents.Documents(true));
    ASSIGN_OR_RETURN(planned_.before, loader_.Build(kept_));
    for (const ParsedDocument& document : documents) RETURN_IF_ERROR(Take(document));
    if (prune) {
      EndTheRest();
      return std::move(planned_);
    }
    ASSIGN_OR_RETURN(Library rest, loader_.Build(kept_));
    planned_.after.profiles.merge(rest.profiles);
    planned_.after.groups.merge(rest.groups);
    planned_.after.items.merge(rest.items);
    planned_.after.assignments.merge(rest.assignments);
    return std::move(planned_);
  }

 private:
  Status Take(const ParsedDocument& document) {
    const auto newest = tx_.documents.GetDocument(document.kind, document.id, 0);
    if (!newest.ok() && newest.status().code() != StatusCode::kNotFound) return newest.status();
    if (newest.ok() && actor_ == kFolderActor && newest->actor != kFolderActor) {
      log::Info("kept what a person applied, not what the profiles folder has",
                {{"document", fmt::format("{}/{}", PathOf(document.kind), document.id)},
                 {"version", newest->version},
                 {"actor", newest->actor}});
      return OkStatus();
    }
    StoredDocument next = NextOf(document);
    DocumentChange change{ChangeOutcome::kCreated, next.kind, next.id};
    if (newest.ok()) {
      Follow(*newest, &next, &change);
    } else {
      change.diff = DiffLines("", next.text);
    }
    change.version = next.version;
    planned_.changes.push_back(change);
    std::erase_if(kept_, [&next](const StoredDocument& old) {
      return old.kind == next.kind && old.id == next.id;
    });
    AddTo(document, next.version, next.create_time, &planned_.after);
    if (change.outcome != ChangeOutcome::kUnchanged) planned_.writes.push_back(std::move(next));
    return OkStatus();
  }

  StoredDocument NextOf(const ParsedDocument& document) const {
    return {.kind = document.kind,
            .id = document.id,
            .version = 1,
            .text = document.text,
            .files = document.files,
            .digest = DigestOf(document.text),
            .actor = actor_,
            .create_time = now_,
            .update_time = now_};
  }

  // One that had ended begins anew, but with the next number: versions are never used twice.
  static void Follow(const StoredDocument& newest, StoredDocument* next, DocumentChange* change) {
    next->version = newest.version + 1;
    change->diff = DiffLines(newest.deleted ? "" : newest.text, next->text);
    if (newest.deleted) return;
    next->create_time = newest.create_time;
    if (newest.text == next->text && newest.files == next->files) {
      next->version = newest.version;
      change->outcome = ChangeOutcome::kUnchanged;
      return;
    }
    change->outcome = ChangeOutcome::kChanged;
    if (change->diff.empty()) change->diff = {"  other content behind its source"};
  }

  void EndTheRest() {
    for (StoredDocument& old : kept_) {
      old.version += 1;
      planned_.changes.push_back(
          {ChangeOutcome::kDeleted, old.kind, old.id, old.version, DiffLines(old.text, "")});
      old.deleted = true;
      old.actor = actor_;
      old.update_time = now_;
      planned_.writes.push_back(std::move(old));
    }
  }

  Tx& tx_;
  const LibraryLoader& loader_;
  const std::string actor_;
  const WallTime now_;
  std::vector<StoredDocument> kept_;  // of the store, not among what was taken so far
  PlannedChanges planned_;
};

}  // namespace

StatusOr<PlannedChanges> PlanChanges(Tx& tx, const LibraryLoader& loader,
                                     const std::vector<ParsedDocument>& documents, bool prune,
                                     const std::string& actor, WallTime now) {
  return ChangePlanner(tx, loader, actor, now).Run(documents, prune);
}

}  // namespace preseal::server
