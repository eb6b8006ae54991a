// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "common/crypto/digest.h"
#include "common/status/status.h"
#include "server/service/profile/artifact_store.h"

namespace preseal::server {

// Content-addressed files: DIR/ab/abcdef… named by the SHA-256 of what is in them. Thread-safe.
class BlobDirectory final : public ArtifactStore, public ArtifactIntake {
 public:
  // Makes the directory if needed and removes what a crash left unfinished; one process at a time.
  // FailedPrecondition names it and why it cannot be used.
  static StatusOr<std::unique_ptr<BlobDirectory>> Open(const std::filesystem::path& directory);

  struct Blob {
    crypto::Digest256 sha256;
    uint64_t size = 0;
  };
  // Copies `file` in, unless its content is there already. NotFound, InvalidArgument (over
  // kArtifactBytesMax), ResourceExhausted (disk full), FailedPrecondition.
  StatusOr<Blob> Import(const std::filesystem::path& file) const;

  StatusOr<std::unique_ptr<ArtifactReader>> Open(ByteView sha256, uint64_t offset) const override;
  StatusOr<std::unique_ptr<ArtifactWriter>> Begin(ByteView sha256, uint64_t size) const override;

 private:
  explicit BlobDirectory(std::filesystem::path directory) : directory_(std::move(directory)) {}
  std::filesystem::path PathOf(ByteView sha256) const;
  const std::filesystem::path directory_;
};

}  // namespace preseal::server
