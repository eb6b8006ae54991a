// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "common/base/guarded.h"
#include "server/domain/assignment/library.h"
#include "server/service/ports.h"
#include "server/service/profile/artifact_store.h"
#include "server/service/profile/document_format.h"

namespace preseal::server {

// The files of one stored version.
class StoredFiles final : public DocumentFiles {
 public:
  StoredFiles(const std::vector<DocumentFile>& files, const ArtifactStore& artifacts)
      : files_(files), artifacts_(artifacts) {}
  std::optional<DocumentFile> Find(std::string_view source) override;
  StatusOr<Bytes> Content(const DocumentFile& file, size_t bytes_max) override;

 private:
  const std::vector<DocumentFile>& files_;
  const ArtifactStore& artifacts_;
};

// Puts a parsed document into the library; one of the same kind and id is replaced.
void AddTo(ParsedDocument document, uint32_t version, WallTime create_time, Library* library);

// Stored documents as the library they make. The last one made is kept and used again while the
// store holds the very same versions. Thread-safe.
class LibraryLoader {
 public:
  LibraryLoader(const DocumentFormat& format, const ArtifactStore& artifacts)
      : format_(format), artifacts_(artifacts) {}

  // FailedPrecondition: a stored document is not understood (by this version); it is named.
  StatusOr<std::shared_ptr<const Library>> Load(Tx& tx);
  StatusOr<Library> Build(const std::vector<StoredDocument>& documents) const;

 private:
  struct Kept {
    Bytes key;
    std::shared_ptr<const Library> library;
  };
  const DocumentFormat& format_;
  const ArtifactStore& artifacts_;
  Guarded<Kept> kept_;
};

}  // namespace preseal::server
