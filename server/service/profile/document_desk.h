// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "server/service/ports.h"
#include "server/service/principal.h"
#include "server/service/profile/document_changes.h"
#include "server/service/profile/library_loader.h"
#include "server/service/profile/profile_desk.h"

namespace preseal::server {

struct DocumentText {
  std::string file_name;  // for places
  std::string text;       // one or several documents
};

struct ApplyInput {
  std::vector<DocumentText> documents;
  std::vector<DocumentFile> files;  // content the server should have
  bool validate_only = false;
  bool prune = false;  // ends stored documents that are not among these
};

struct ApplyAnswer {
  std::vector<DocumentChange> changes;  // by kind, then id
  std::vector<Mistake> mistakes;        // then nothing is stored
  std::vector<MissingSource> missing;   // likewise
  std::vector<std::string> warnings;
  bool applied = false;
};

// Documents: taking them in, all or none, and giving them back. Thread-safe; every method blocks on
// the store.
class DocumentDesk {
 public:
  DocumentDesk(Store& store, const Clock& clock, const DocumentFormat& format,
               const ArtifactStore& artifacts, LibraryLoader& loader, ProfileDesk& profiles)
      : store_(store),
        clock_(clock),
        format_(format),
        artifacts_(artifacts),
        loader_(loader),
        profiles_(profiles) {}

  // ResourceExhausted: more than kDocumentsMax documents or kDeploymentProfilesMax profiles.
  StatusOr<ApplyAnswer> Apply(const Principal& actor, const ApplyInput& input);
  // At start, before anybody else: documents that are new or were last written by the folder. One
  // that a person applied or ended since is kept, and logged. InvalidArgument lists every mistake.
  Status ApplyFolder(const std::vector<DocumentText>& documents,
                     const std::vector<DocumentFile>& files);
  StatusOr<std::vector<StoredDocument>> List(bool with_text);
  // Version 0: the newest. NotFound.
  StatusOr<StoredDocument> Get(DocumentKind kind, const std::string& id, uint32_t version);
  // FailedPrecondition: another document, or the configuration, needs it.
  StatusOr<StoredDocument> Delete(const Principal& actor, DocumentKind kind, const std::string& id);

 private:
  using Key = std::pair<DocumentKind, std::string>;
  struct Plan;
  ParsedText ParseAll(const ApplyInput& input) const;
  StatusOr<Plan> PlanFor(Tx& tx, const ParsedText& parsed, bool prune,
                         std::string_view actor) const;
  Status CountDevices(Tx& tx, Plan* plan) const;
  Status Carry(Tx& tx, const Plan& plan, std::string_view actor) const;
  StatusOr<ApplyAnswer> Run(std::string_view actor, const ApplyInput& input);

  Store& store_;
  const Clock& clock_;
  const DocumentFormat& format_;
  const ArtifactStore& artifacts_;
  LibraryLoader& loader_;
  ProfileDesk& profiles_;
};

}  // namespace preseal::server
