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

// Takes one artefact in, from its beginning. Dropped before Finish: nothing is kept. Not
// thread-safe.
class ArtifactWriter {
 public:
  virtual ~ArtifactWriter() = default;
  // ResourceExhausted: disk full, or more than announced.
  virtual Status Write(ByteView chunk) = 0;
  // Durable afterwards. DataLoss: digest or size are not what was announced.
  virtual Status Finish() = 0;
};

// Where artefacts come in. Thread-safe.
class ArtifactIntake {
 public:
  virtual ~ArtifactIntake() = default;
  // `size` at most kArtifactBytesMax, else ResourceExhausted. InvalidArgument: `sha256` has not 32
  // bytes. FailedPrecondition: the folder cannot be written.
  virtual StatusOr<std::unique_ptr<ArtifactWriter>> Begin(ByteView sha256, uint64_t size) const = 0;
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
