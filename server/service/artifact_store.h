// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "common/base/bytes.h"
#include "common/status/status.h"

namespace preseal::server {

// Reads one artefact from its offset on. Not thread-safe.
class ArtifactReader {
 public:
  virtual ~ArtifactReader() = default;
  // At most `bytes_max`; empty at the end. Unavailable: the file cannot be read.
  virtual StatusOr<Bytes> Read(size_t bytes_max) = 0;
};

// Files by the SHA-256 of their content. Thread-safe.
class ArtifactStore {
 public:
  virtual ~ArtifactStore() = default;
  // NotFound: no such artefact. OutOfRange: `offset` beyond its size. InvalidArgument: `sha256` has
  // not 32 bytes.
  virtual StatusOr<std::unique_ptr<ArtifactReader>> Open(ByteView sha256,
                                                         uint64_t offset) const = 0;
};

}  // namespace preseal::server
