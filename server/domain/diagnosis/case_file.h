// SPDX-License-Identifier: Apache-2.0
// What the rules of a diagnosis look at: one device and its present run, as the server knows them.
// Pure values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "server/domain/device.h"
#include "server/domain/progress.h"

namespace preseal::server {

// One row of the run's journal.
struct JournalLine {
  uint64_t sequence = 0;
  WallTime time;        // when the server received it
  std::string kind;     // KindOf(Event)
  std::string item_id;  // empty: none
  std::string text;
};

struct CaseFile {
  WallTime now;
  Device device;
  std::optional<Run> run;            // the present one, `plan` not needed
  std::vector<Item> items;           // of the present run
  std::vector<JournalLine> journal;  // of the present run, by sequence; the newest if not all
  // The device's clock less the server's, when its last bundle came. Absent: never told.
  std::optional<std::chrono::milliseconds> clock_offset;
};

}  // namespace preseal::server
