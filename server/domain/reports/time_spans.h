// SPDX-License-Identifier: Apache-2.0
// Makes spans of time from a journal and from the marks of a device. Pure.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "server/domain/progress.h"
#include "server/domain/reports/device_history.h"
#include "server/domain/reports/time_attribution.h"

namespace preseal::server {

// An event and when this server received it.
struct ReceivedEvent {
  WallTime time;
  Event event;
};

// What the items of one run did, what they waited for, holds and announced restarts, until the run
// ended. An item at work has one span for each stretch between two changes of what it waits for; a
// wait for the installer, the server or the spool is the item's own time. Event::run_time is not
// looked at.
class RunSpans {
 public:
  // Events come by sequence; times before an earlier one's make no span.
  void Read(const ReceivedEvent& received);
  // What is still open ends at `until`.
  std::vector<TimeSpan> Finish(WallTime until);

 private:
  using Open = std::optional<TimeSpan>;
  void OnItem(const ItemChanged& change, WallTime now);
  void Set(Open* open, std::optional<TimeKind> kind, const std::string& item_id, WallTime now);
  void CloseAll(WallTime now);

  std::map<std::string, Open> items_;
  Open hold_;
  Open reboot_;
  std::vector<TimeSpan> spans_;
};

// What the device's state and contact say, from the first mark until `until`: attestation, waits
// for people, the seal, silence. A closed stream counts as not heard only while a run is under way:
// before and after it nobody expects one.
std::vector<TimeSpan> SpansOfMarks(std::span<const DeviceMark> marks, WallTime until);

// When each item was first and last at work, until `until` for those that still are; without those
// that never began. `items` as the store has them, background items are left out.
std::vector<PathItem> PathItemsOf(std::span<const Item> items, WallTime until);

}  // namespace preseal::server
