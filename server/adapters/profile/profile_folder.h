// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "common/crypto/digest.h"
#include "common/status/status.h"
#include "server/service/profile/document_desk.h"

namespace preseal::server {

// Where a document's files go: their content, by digest.
struct StoredArtifact {
  crypto::Digest256 sha256{};
  uint64_t size = 0;
};
using ArtifactImport = std::function<StatusOr<StoredArtifact>(const std::filesystem::path&)>;

struct FolderContent {
  std::vector<DocumentText> documents;  // by file name
  std::vector<DocumentFile> files;      // they name, brought in
};

// Every *.yaml of `folder` and the files beside them that they name. A file that cannot be brought
// in is left for the desk to miss, with the line that names it. FailedPrecondition: the folder
// cannot be read.
StatusOr<FolderContent> ReadProfileFolder(const std::filesystem::path& folder,
                                          const ArtifactImport& import);

}  // namespace preseal::server
