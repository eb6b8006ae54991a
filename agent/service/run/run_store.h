// SPDX-License-Identifier: Apache-2.0
// What the agent remembers across a crash: its runs, their frozen plans and their events.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/ids.h"
#include "common/status/status.h"

namespace preseal::agent {

struct RunHeader {
  RunId run_id;
  std::string command_id;  // the StartRun it came with; empty if the run was lost and found again
  Bytes plan;              // serialized preseal.plan.v1.Plan; empty likewise
};

struct LoggedEvent {
  uint64_t sequence = 0;
  uint32_t note = 0;  // kept here, never sent: 0; older journals hold an attempt
  std::string key;    // KeyOf
  Bytes event;        // serialized preseal.progress.v1.Event without its sequence
};

enum class Durability {
  kSurvivesKill,      // handed to the system: safe from kill -9, not from a power cut
  kSurvivesPowerCut,  // on the disk
};

// The events of one run: an append-only journal that is also the spool. Thread-safe.
class RunLog {
 public:
  virtual ~RunLog() = default;
  virtual const RunHeader& header() const = 0;
  // Gives the event the next sequence, which is returned. ResourceExhausted: the spool holds
  // kSpoolBytesMax of unacked events, or the disk is full; nothing was written, try after an ack.
  // InvalidArgument: over kSpoolRecordBytesMax. DataLoss: the disk failed; nothing more is taken.
  virtual StatusOr<uint64_t> Append(const std::string& key, uint32_t note, ByteView event,
                                    Durability durability) = 0;
  // Events from `after` + 1 on, at least one if there is one; on the disk before they are returned.
  virtual StatusOr<std::vector<LoggedEvent>> Read(uint64_t after, size_t events_max,
                                                  size_t bytes_max) = 0;
  // The server holds everything up to `sequence`: its space may be freed. The last event of every
  // key is kept. A sequence beyond what was made is ignored.
  virtual Status Acked(uint64_t sequence) = 0;
  // The server holds other events up to `sequence` under our numbers (the device lost its disk and
  // began again): unacked events are renumbered to follow them. Not while a batch is in flight.
  virtual Status Renumber(uint64_t sequence) = 0;
  virtual uint64_t next_sequence() const = 0;
  virtual uint64_t acked() const = 0;
  // The last event of every key, by sequence.
  virtual std::vector<LoggedEvent> Latest() const = 0;

  // The server holds every event there is.
  bool AckedWhole() const { return acked() + 1 == next_sequence(); }
};

// All runs on this device. Thread-safe.
class RunStore {
 public:
  virtual ~RunStore() = default;
  // A new, empty log, durable with its header; the existing one if the run is known.
  virtual StatusOr<std::shared_ptr<RunLog>> Begin(const RunHeader& header) = 0;
  // By attempt, ascending.
  virtual std::vector<std::shared_ptr<RunLog>> Runs() const = 0;
  // Forgets a run; its log must not be used any more. Nothing there is success.
  virtual Status Drop(const RunId& run_id) = 0;
};

}  // namespace preseal::agent
