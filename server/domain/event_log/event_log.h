// SPDX-License-Identifier: Apache-2.0
// Boot event logs as Linux's binary_bios_measurements and Windows hand them out (TCG "PC Client
// Platform Firmware Profile Specification", "Event Logging"). Pure, thread-safe.
//
// Parsing judges form only. A log is a claim by whoever sent it: event types, event data and the
// order across PCRs are not measured at all, digests only through a replay that equals a quote.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "server/domain/refusal/refusal.h"

namespace preseal::server {

enum class EventLogFormat {
  kUnknown,      // not even the first record could be read
  kLegacySha1,   // TCG_PCR_EVENT throughout, SHA-1 only
  kCryptoAgile,  // TCG_PCR_EVENT with a Spec ID Event03, then TCG_PCR_EVENT2
};

// PCR index of EV_NO_ACTION events that belong to no PCR.
inline constexpr uint32_t kNoPcr = 0xFFFFFFFF;

struct LogAlgorithm {
  uint16_t id = 0;  // TPM_ALG_ID
  size_t digest_bytes = 0;
};

struct EventDigest {
  uint16_t algorithm = 0;
  Bytes value;
};

struct LoggedEvent {
  uint32_t number = 0;  // counted from 0, the header record included
  size_t offset = 0;    // of the record's first byte in the log
  uint32_t pcr = 0;     // 0..23 or kNoPcr
  uint32_t type = 0;    // event_types.h; not measured
  std::vector<EventDigest> digests;
  Bytes data;  // not measured, but where data_rules.h says so

  // Null if the record has none of this algorithm.
  const EventDigest* FindDigest(uint16_t algorithm) const;
};

// The first thing that is wrong with the form.
struct EventLogFault {
  RefusalCode code = RefusalCode::kNone;
  std::string seen;  // safe to show
  std::string expected;
  size_t offset = 0;  // of the record it is in
};

struct ParsedEventLog {
  EventLogFormat format = EventLogFormat::kUnknown;
  std::vector<LogAlgorithm> algorithms;  // every record has a digest of each; legacy: SHA-1
  std::vector<LogAlgorithm> unfed;       // named in the header, in no record
  std::vector<LoggedEvent> events;       // everything before the fault
  std::optional<uint8_t> startup_locality;
  bool has_hcrtm = false;  // an H-CRTM event was measured into PCR 0
  // Damaged structure; parsing stopped here.
  std::optional<EventLogFault> fault;
  // A StartupLocality or H-CRTM event that may not be where, or what, it is. Parsing went on.
  std::optional<EventLogFault> startup_fault;

  // True if every record has a digest of `algorithm`.
  bool Feeds(uint16_t algorithm) const;
};

// Reads `log`, at most kEventLogBytesMax bytes with kEventLogEventsMax events of kEventBytesMax
// data each; anything larger is a fault. Never fails otherwise: what could be read is kept, the
// first thing that could not is `fault`:
//   EVENTLOG_MISSING    no bytes
//   INPUT_TOO_LARGE     a limit above
//   EVENTLOG_MALFORMED  a header that is no Spec ID Event03 in PCR 0 with a zero digest; 0 or more
//                       than 8 algorithms, one twice, or with a wrong digest size; vendor data that
//                       does not fill the header; a record with other algorithms than the
//                       first, one the header lacks, or one twice; PCR 24 and up; a truncated
//                       record or bytes left over
//   EVENTLOG_EVENT_TYPE an event without a PCR that is not EV_NO_ACTION; EV_NO_ACTION in a PCR with
//                       a digest, as if it were measured
// Does NOT check any digest. Time and memory are linear in the log's length.
ParsedEventLog ParseEventLog(ByteView log);

// "crypto-agile", "legacy SHA-1", "unknown".
std::string EventLogFormatName(EventLogFormat format);

}  // namespace preseal::server
