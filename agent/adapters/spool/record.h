// SPDX-License-Identifier: Apache-2.0
// Bytes of the spool's files, as docs/formats.md "Agent spool" has them. Reads no file.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/service/run/run_store.h"
#include "common/base/bytes.h"

namespace preseal::agent::spool {

inline constexpr std::string_view kSegmentMagic = "PSSPOOL1";
inline constexpr std::string_view kLatestMagic = "PSLATST1";
inline constexpr std::string_view kHeaderMagic = "PSRUNHD1";
inline constexpr size_t kFileHeaderBytes = 8 + 8 + 4;
inline constexpr size_t kRecordHeadBytes = 4 + 4;
inline constexpr size_t kRecordFixedBytes = 8 + 4 + 2;  // sequence, note, key length

Bytes EncodeFileHeader(std::string_view magic, uint64_t number);
// Nothing if it is short, has another magic or a wrong checksum.
std::optional<uint64_t> DecodeFileHeader(std::string_view magic, ByteView file);

Bytes EncodeRecord(const LoggedEvent& event);

// The records of `file` behind its header.
struct Scan {
  struct Place {
    uint64_t sequence = 0;
    size_t offset = 0;  // of the record's head
    size_t bytes = 0;   // head and body
  };
  std::vector<Place> places;
  size_t good_bytes = 0;  // everything behind is torn or damaged
};
// Stops at the first record that is short, has a wrong checksum or does not follow its forerunner
// (sequences grow by one; in a "latest" file they only grow).
Scan ScanRecords(ByteView file, bool consecutive);

// One whole record, head included. Nothing if it is not one.
std::optional<LoggedEvent> DecodeRecord(ByteView record);

Bytes EncodeRunHeader(const RunHeader& header);
std::optional<RunHeader> DecodeRunHeader(ByteView file);

}  // namespace preseal::agent::spool
