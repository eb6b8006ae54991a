// SPDX-License-Identifier: Apache-2.0
#include "server/app/profile_parts.h"

#include "server/adapters/profile/profile_folder.h"

namespace preseal::server {

ProfileParts::ProfileParts(Store& store, const Clock& clock, const BlobDirectory& blobs,
                           const ServerConfig& config)
    : loader(format, blobs),
      desk(format, loader, clock, {config.default_profile, config.quarantine_profile}),
      documents(store, clock, format, blobs, loader, desk),
      store_(store),
      blobs_(blobs) {}

Status ProfileParts::Load(const ServerConfig& config) {
  const ArtifactImport import_file =
      [this](const std::filesystem::path& file) -> StatusOr<StoredArtifact> {
    ASSIGN_OR_RETURN(const auto blob, blobs_.Import(file));
    return StoredArtifact{blob.sha256, blob.size};
  };
  ASSIGN_OR_RETURN(const FolderContent folder, ReadProfileFolder(config.profiles, import_file));
  if (!folder.documents.empty()) {
    RETURN_IF_ERROR(documents.ApplyFolder(folder.documents, folder.files));
  }
  return store_.Read([this](Tx& tx) { return desk.Settle(tx); });
}

}  // namespace preseal::server
