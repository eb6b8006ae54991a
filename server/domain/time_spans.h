// SPDX-License-Identifier: Apache-2.0
// Makes spans of time from a journal and from the marks of a device. Pure.
#pragma once

#include <span>
#include <vector>

#include "common/base/clock.h"
#include "server/domain/device_history.h"
#include "server/domain/progress.h"
#include "server/domain/time_attribution.h"

namespace preseal::server {

// An event and when this server received it.
struct ReceivedEvent {
  WallTime time;
  Event event;
};

// What the items of one run did, what they waited for, holds and announced restarts, until the run
// ended or `until`. `events` by sequence. An item at work has one span for each stretch between two
// changes of what it waits for; a wait for the installer, the server or the spool is the item's own
// time. Event::run_time is not looked at.
std::vector<TimeSpan> SpansOfRun(std::span<const ReceivedEvent> events, WallTime until);

// What the device's state and contact say, from the first mark until `until`: attestation, waits
// for people, the seal, silence. A closed stream counts as not heard only while a run is under way:
// before and after it nobody expects one.
std::vector<TimeSpan> SpansOfMarks(std::span<const DeviceMark> marks, WallTime until);

// When each item was first and last at work, until `until` for those that still are; without those
// that never began. `items` as the store has them, background items are left out.
std::vector<PathItem> PathItemsOf(std::span<const Item> items, WallTime until);

}  // namespace preseal::server
