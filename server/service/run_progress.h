// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "common/base/clock.h"
#include "common/status/status.h"
#include "server/service/ports.h"

namespace preseal::server {

// Stores the new ones among `events` for `run` and advances run->event_count over them. Returns the
// index of the first event that was new (events.size() if all were known).
//   OutOfRange     a gap: the first unknown sequence is not event_count + 1
//   AlreadyExists  a known sequence with other content; nothing was stored
//   ResourceExhausted  kEventsPerRunMax
StatusOr<size_t> StoreNewEvents(Tx& tx, const std::vector<Event>& events, WallTime now, Run* run);

// Applies one new event of the device's present run to its items, run, command and device record.
// Seal events are not handled here. The caller writes `device` and `run` afterwards.
class RunProgress {
 public:
  // Loads the items of `run`.
  static StatusOr<RunProgress> Load(Tx& tx, const Run& run);
  Status Apply(Tx& tx, const Event& event, WallTime now, Device* device, Run* run);
  // Writes the changed items and the summary into `device`.
  Status Finish(Tx& tx, Device* device);

 private:
  RunProgress(DeviceId device, uint32_t attempt, std::vector<Item> items);
  Status OnItem(const ItemChanged& change, WallTime now);
  Status OnFinished(Tx& tx, const RunFinished& finished, WallTime now, Device* device, Run* run);
  Status OnCommand(Tx& tx, const CommandChanged& change, WallTime now, Device* device);

  DeviceId device_;
  uint32_t attempt_;
  std::vector<Item> items_;
  std::vector<bool> changed_;
};

}  // namespace preseal::server
