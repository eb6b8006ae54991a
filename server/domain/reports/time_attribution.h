// SPDX-License-Identifier: Apache-2.0
// Where the time of a deployment went. Pure.
//
// Every span comes from the server's clock: when an event was received, when the record changed.
// What a device says about its own time is never used.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"

namespace preseal::server {

// Values equal preseal.flow.v1.TimePart.Kind; never renumber.
enum class TimeKind {
  kAttestation = 1,
  kAwaitingStart = 2,
  kItem = 3,
  kToken = 4,
  kRetryPause = 5,
  kPrompt = 6,
  kHold = 7,
  kReboot = 8,
  kOffline = 9,
  kAwaitingPerson = 10,
  kAwaitingSeal = 11,
  kSealing = 12,
  kAwaitingUser = 13,
};

// Something that went on from `start` until just before `end`.
struct TimeSpan {
  TimeKind kind = TimeKind::kItem;
  std::string item_id;  // of items and their waits, else empty
  WallTime start;
  WallTime end;
};

struct TimePart {
  TimeKind kind = TimeKind::kItem;
  std::string item_id;
  std::chrono::microseconds duration{0};
};

struct TimeAttribution {
  std::chrono::microseconds wall_clock{0};
  std::vector<TimePart> parts;  // longest first; one per kind and item, none empty
  std::chrono::microseconds remainder{0};
};

// Divides start..end among `spans`, which may overlap, nest, be empty or reach outside. Every
// microsecond goes to the one span of the lowest rank that covers it, of those the one that began
// first, of those the first in `spans`; what no span covers is the remainder. So the parts are
// disjoint, and parts plus remainder are the wall clock to the microsecond.
TimeAttribution Attribute(WallTime start, WallTime end, std::span<const TimeSpan> spans);

// Which of two overlapping kinds explains the time; 0 outranks all. First the states in which
// nobody works on the device, then what keeps a run from going on at all, then work, then waits: an
// item's wait explains nothing while another item works.
int RankOf(TimeKind kind);

// "awaiting start".
std::string_view NameOf(TimeKind kind);

// An item's way from its first to its last sign on the server's clock.
struct PathItem {
  std::string item_id;
  WallTime start;
  WallTime end;
};

// The chain that set the length of a run, first to last: from the item that ended last, back each
// time to the one that ended latest before it began. Where two ended at once the longer one counts.
std::vector<std::string> CriticalPath(std::span<const PathItem> items);

}  // namespace preseal::server
