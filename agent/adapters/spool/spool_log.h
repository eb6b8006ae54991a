// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "agent/adapters/spool/segment.h"
#include "agent/service/run/run_store.h"

namespace preseal::agent::spool {

// A RunLog in one folder: "run" (the header), "latest" (last event of every key among those whose
// segment is gone) and segments. Bytes and recovery rules: docs/formats.md "Agent spool".
//
// The mutex is held while a record is written: the order of the records is the order of their
// sequences, and nothing else waits for it than who also needs the file.
class SpoolLog final : public RunLog {
 public:
  // Makes the folder; its parent must exist. Appears under its name only when it is complete.
  static StatusOr<std::shared_ptr<SpoolLog>> Create(const std::string& directory,
                                                    const RunHeader& header);
  // DataLoss, naming the file, if something other than the tail of the last segment is damaged.
  static StatusOr<std::shared_ptr<SpoolLog>> Open(const std::string& directory);

  // Bytes of a torn tail that Open cut off: events that had been made, but never sent.
  uint64_t dropped_bytes() const { return dropped_bytes_; }

  const RunHeader& header() const override { return header_; }
  StatusOr<uint64_t> Append(const std::string& key, uint32_t note, ByteView event,
                            Durability durability) override;
  StatusOr<std::vector<LoggedEvent>> Read(uint64_t after, size_t events_max,
                                          size_t bytes_max) override;
  Status Acked(uint64_t sequence) override;
  Status Renumber(uint64_t sequence) override;
  uint64_t next_sequence() const override;
  uint64_t acked() const override;
  std::vector<LoggedEvent> Latest() const override;

  // Limit of all segments together; tests make it small.
  void SetBytesMax(uint64_t bytes_max);

 private:
  SpoolLog(std::string directory, RunHeader header);
  Status LoadLatest();
  Status LoadSegments();
  Status AppendLocked(const LoggedEvent& event, ByteView record);
  Status RollIfLarge();
  Status SaveLatest(uint64_t up_to);
  Status DropAckedSegments();
  StatusOr<Bytes> RenumberedSegment(uint64_t first);
  Status RemoveSegment(const Segment& segment);
  uint64_t TotalBytes() const;

  const std::string directory_;
  const RunHeader header_;
  uint64_t dropped_bytes_ = 0;

  mutable std::mutex mutex_;
  std::deque<std::unique_ptr<Segment>> segments_;  // never empty; the last one is written
  std::map<std::string, LoggedEvent> latest_;
  uint64_t acked_ = 0;
  uint64_t bytes_max_;
  bool failed_ = false;  // the disk broke a promise; nothing more is taken
};

}  // namespace preseal::agent::spool
