// SPDX-License-Identifier: Apache-2.0
// Inside agent/adapters/spool only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/service/run/run_store.h"
#include "common/base/bytes.h"
#include "common/files/unique_fd.h"
#include "common/status/status.h"

namespace preseal::agent::spool {

// One file of consecutive records. Not thread-safe.
class Segment {
 public:
  // A new file whose first record will be `first`; durable before it returns.
  static StatusOr<std::unique_ptr<Segment>> Create(const std::string& directory, uint64_t first);
  // An existing file. What lies behind its last good record is cut off and counted in
  // dropped_bytes(). DataLoss if its header is damaged.
  static StatusOr<std::unique_ptr<Segment>> Open(const std::string& path);

  uint64_t first() const { return first_; }
  uint64_t next() const { return first_ + ends_.size(); }
  uint64_t bytes() const { return ends_.empty() ? header_end_ : ends_.back(); }
  uint64_t dropped_bytes() const { return dropped_bytes_; }
  bool synced() const { return synced_; }
  const std::string& path() const { return path_; }

  // Writes a record whose sequence is next(). On failure the file is as before, or, if even that
  // fails, the Status is DataLoss.
  Status Append(ByteView record);
  // DataLoss if the disk did not take what was written.
  Status Sync();
  // DataLoss if it no longer reads as it was written.
  StatusOr<LoggedEvent> Read(uint64_t sequence) const;
  // Size of the record on disk.
  uint64_t BytesOf(uint64_t sequence) const { return End(sequence) - Begin(sequence); }

 private:
  Segment(std::string path, UniqueFd fd, uint64_t first);
  uint64_t Begin(uint64_t sequence) const {
    return sequence == first_ ? header_end_ : ends_[sequence - first_ - 1];
  }
  uint64_t End(uint64_t sequence) const { return ends_[sequence - first_]; }

  std::string path_;
  UniqueFd fd_;
  uint64_t first_;
  uint64_t header_end_;
  std::vector<uint64_t> ends_;  // offset behind each record
  uint64_t dropped_bytes_ = 0;
  bool synced_ = true;
};

// "00000000000000000042.seg": sorts by first sequence.
std::string SegmentName(uint64_t first);

}  // namespace preseal::agent::spool
