// SPDX-License-Identifier: Apache-2.0
// The port behind which bundles of diagnostics lie.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/status/status.h"
#include "server/service/profile/artifact_store.h"

namespace preseal::server {

// One bundle as it came; its name is that of its content.
struct Bundle {
  DeviceId device;
  std::string id;      // "B-" and 32 hex digits of the digest
  std::string run_id;  // empty: none
  std::string reason;
  uint64_t size = 0;
  Bytes sha256;  // 32 bytes
  WallTime create_time;
  // The device's clock less the server's when the upload began, if the device told its time.
  std::optional<std::chrono::milliseconds> clock_offset;
};

// "B-3f…"; `sha256` has 32 bytes.
std::string BundleIdOf(ByteView sha256);

struct BundleProgress {
  uint64_t offset = 0;  // bytes that are here
  bool complete = false;
};

struct BundleEntry {
  std::string path;  // relative, without "..", printable
  uint64_t size = 0;
};

struct BundlePart {
  Bytes bytes;
  uint64_t next_offset = 0;  // 0: the end
};

// One upload under way. What was written before it is dropped stays for the next one. Not
// thread-safe.
class BundleIntake {
 public:
  virtual ~BundleIntake() = default;
  // ResourceExhausted: more than announced, or the disk is full.
  virtual Status Write(ByteView chunk) = 0;
  // Complete only when all bytes are here, with the right digest, durably; short of bytes: how far
  // it came. DataLoss: another digest; all of it is forgotten.
  virtual StatusOr<BundleProgress> Finish() = 0;
};

// Bundles by device and digest. Errors besides those named: ResourceExhausted disk full,
// FailedPrecondition the folder cannot be used. Thread-safe.
class BundleStore {
 public:
  virtual ~BundleStore() = default;
  virtual StatusOr<BundleProgress> Look(const DeviceId& device, ByteView sha256) const = 0;
  // Goes on at `offset`, which must be what Look says, else OutOfRange. An unfinished upload of
  // other content by this device is dropped. Aborted: another upload of this device goes on.
  virtual StatusOr<std::unique_ptr<BundleIntake>> Begin(const Bundle& bundle, uint64_t offset) = 0;
  // Complete ones, newest first.
  virtual StatusOr<std::vector<Bundle>> List(const DeviceId& device) const = 0;
  virtual StatusOr<std::vector<DeviceId>> Devices() const = 0;
  // Nothing there is success.
  virtual Status Remove(const Bundle& bundle) = 0;
  // Unfinished uploads nobody has written to since `before`.
  virtual Status RemoveUnfinished(const DeviceId& device, WallTime before) = 0;
  virtual StatusOr<std::unique_ptr<ArtifactReader>> Open(const Bundle& bundle) const = 0;
  // Regular files in it. InvalidArgument: damaged. ResourceExhausted: larger unpacked, or of more
  // entries, than a bundle may be.
  virtual StatusOr<std::vector<BundleEntry>> Entries(const Bundle& bundle) const = 0;
  // At most `limit` bytes of one file. NotFound; OutOfRange: `offset` beyond its end; as Entries.
  virtual StatusOr<BundlePart> Read(const Bundle& bundle, std::string_view path, uint64_t offset,
                                    size_t limit) const = 0;
};

}  // namespace preseal::server
