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

// Applies new events of the device's present run to its items, run, command and device record. Seal
// events are not handled here. The caller writes `device` and `run` afterwards.
//
// Late evidence heals: when a run that failed has no open blocking item any more, whatever settled
// the last one, it has succeeded. A run that a reset gave up is only journalled.
class RunProgress {
 public:
  // Loads the items of `run`.
  static StatusOr<RunProgress> Load(Tx& tx, const Run& run);
  Status Apply(Tx& tx, const Event& event, WallTime now, Device* device, Run* run);
  // Lets `item_id` pass in a person's name. NotFound: no such item. FailedPrecondition: it holds
  // nothing up, or has passed already.
  Status Waive(std::string_view item_id, const Waiver& waiver);
  // Ends a run whose device did not say in time how it ended.
  Status TimeOut(Tx& tx, WallTime now, Device* device, Run* run);
  // Writes the changed items and the summary into `device`, and heals.
  Status Finish(Tx& tx, WallTime now, Device* device, Run* run);

  const std::vector<Item>& items() const { return items_; }

 private:
  RunProgress(DeviceId device, uint32_t attempt, std::vector<Item> items);
  Item* Find(std::string_view item_id);
  Status OnItem(const ItemChanged& change, WallTime now);
  void OnWaived(const ItemWaived& waived);
  Status OnFinished(Tx& tx, const RunFinished& finished, WallTime now, Device* device, Run* run);
  Status OnCommand(Tx& tx, const CommandChanged& change, WallTime now, Device* device);
  bool Satisfied(const Run& run) const;
  Status Conclude(Tx& tx, WallTime now, Device* device, Run* run);
  void NameFailure(Device* device) const;

  DeviceId device_;
  uint32_t attempt_;
  std::vector<Item> items_;
  std::vector<bool> changed_;
};

// Closes the commands that concern `run`, which has ended: those that began it are VERIFIED, those
// that could only be carried out while it went on FAILED with RUN_ENDED.
Status CloseRunCommands(Tx& tx, const Run& run, WallTime now);

// The run as a whole waits no more for what `kind` is; held time does not count against its limit.
void EndRunWait(Wait::Kind kind, WallTime now, Run* run);

// Fails what is open of a device's commands: nothing of them may reach it any more.
Status FailOpenCommands(Tx& tx, const DeviceId& device, std::string_view code,
                        std::string_view message, WallTime now);

// What comes of the run from now on counts for nothing; the caller writes it.
void AbandonRun(WallTime now, Run* run);

}  // namespace preseal::server
