// SPDX-License-Identifier: Apache-2.0
#include "server/service/run_progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/limits.h"
#include "common/base/secret.h"
#include "common/crypto/digest.h"
#include "common/log/log.h"

namespace preseal::server {
namespace {

// A repeat must be the same event, byte for byte: otherwise two truths would carry one name.
Status CheckRepeat(Tx& tx, const Run& run, const Event& event) {
  ASSIGN_OR_RETURN(const Bytes stored, tx.events.DigestOf(run.run_id, event.sequence));
  const auto seen = crypto::Sha256(event.content);
  if (ConstantTimeEqual(stored, seen)) return OkStatus();
  return AlreadyExists(fmt::format("event {} of run {} was stored with other content",
                                   event.sequence, run.run_id.text()));
}

// What happened is stored in any case; a move the lifecycle does not allow now changes nothing.
void AdvanceIfAllowed(LifecycleEvent event, WallTime now, Device* device) {
  const Status status = Advance(event, now, device);
  if (!status.ok()) log::Warning("event does not move the device", {{"why", MessageOf(status)}});
}

// Closes the commands that asked for this run, now that its outcome is known here.
Status VerifyRunCommands(Tx& tx, const Run& run, WallTime now) {
  ASSIGN_OR_RETURN(const auto commands, tx.commands.OpenCommands(run.run_id.device()));
  for (Command command : commands) {
    if (command.run_id != run.run_id || command.kind == CommandKind::kReseal) continue;
    command.state = CommandState::kVerified;
    command.update_time = now;
    RETURN_IF_ERROR(tx.commands.UpdateCommand(command));
  }
  return OkStatus();
}

}  // namespace

StatusOr<size_t> StoreNewEvents(Tx& tx, const std::vector<Event>& events, WallTime now, Run* run) {
  size_t first_new = events.size();
  for (size_t i = 0; i < events.size(); ++i) {
    const uint64_t sequence = events[i].sequence;
    const uint64_t expected =
        first_new == events.size() ? run->event_count + 1 : run->event_count + 1 + (i - first_new);
    if (sequence < expected && first_new == events.size()) {
      RETURN_IF_ERROR(CheckRepeat(tx, *run, events[i]));
      continue;
    }
    if (sequence != expected) {
      return OutOfRange(fmt::format("event sequence gap in run {}: expected {}, got {}",
                                    run->run_id.text(), expected, sequence));
    }
    if (first_new == events.size()) first_new = i;
  }
  if (first_new == events.size()) return first_new;
  const auto fresh = std::span(events).subspan(first_new);
  if (run->event_count + fresh.size() > kEventsPerRunMax) {
    return ResourceExhausted(fmt::format("run {} has too many events", run->run_id.text()));
  }
  RETURN_IF_ERROR(tx.events.Append(run->run_id, fresh, now));
  run->event_count += fresh.size();
  return first_new;
}

RunProgress::RunProgress(DeviceId device, uint32_t attempt, std::vector<Item> items)
    : device_(std::move(device)),
      attempt_(attempt),
      items_(std::move(items)),
      changed_(items_.size(), false) {}

StatusOr<RunProgress> RunProgress::Load(Tx& tx, const Run& run) {
  const DeviceId device = run.run_id.device();
  ASSIGN_OR_RETURN(auto items, tx.runs.Items(device, run.run_id.attempt()));
  return RunProgress(device, run.run_id.attempt(), std::move(items));
}

Status RunProgress::Apply(Tx& tx, const Event& event, WallTime now, Device* device, Run* run) {
  if (const auto* change = std::get_if<ItemChanged>(&event.body)) return OnItem(*change, now);
  if (const auto* finished = std::get_if<RunFinished>(&event.body)) {
    return OnFinished(tx, *finished, now, device, run);
  }
  if (const auto* change = std::get_if<CommandChanged>(&event.body)) {
    return OnCommand(tx, *change, now, device);
  }
  return OkStatus();
}

Status RunProgress::OnItem(const ItemChanged& change, WallTime now) {
  const auto it = std::find_if(items_.begin(), items_.end(),
                               [&](const Item& item) { return item.item_id == change.item_id; });
  if (it == items_.end()) {
    // Stored in the journal, but it is not in the plan and counts for nothing.
    log::Warning("event names an item that is not in the plan",
                 {{"device", device_.text()}, {"item", change.item_id.text()}});
    return OkStatus();
  }
  ApplyChange(change, now, &*it);
  changed_[static_cast<size_t>(it - items_.begin())] = true;
  return OkStatus();
}

Status RunProgress::OnFinished(Tx& tx, const RunFinished& finished, WallTime now, Device* device,
                               Run* run) {
  const ProgressSummary sum = Summarise(items_);
  // The server judges by the items it has, not by the device's word.
  run->outcome = sum.blocking_satisfied ? RunOutcome::kSucceeded : RunOutcome::kFailed;
  run->end_time = now;
  device->run_end_time = now;
  SetProgress(items_, device);
  RETURN_IF_ERROR(VerifyRunCommands(tx, *run, now));
  if (run->outcome == RunOutcome::kSucceeded) {
    AdvanceIfAllowed(LifecycleEvent::kRunSatisfied, now, device);
    return OkStatus();
  }
  AdvanceIfAllowed(LifecycleEvent::kRunFailed, now, device);
  if (device->state != DeviceState::kFailed) return OkStatus();
  device->failure = {.code = "RUN_INCOMPLETE",
                     .message = "The run ended before every blocking item was verified.",
                     .remedy = "Retry the device."};
  if (finished.outcome == RunOutcome::kSucceeded) {
    log::Warning("device called an incomplete run a success", {{"device", device_.text()}});
  }
  for (const Item& item : items_) {
    if (!sum.failed_blocking || item.item_id != *sum.failed_blocking) continue;
    device->failure = {.code = item.code,
                       .item_id = item.item_id.text(),
                       .message = fmt::format("{}: {}", item.display_name, item.message),
                       .remedy = "Read the item's log, mend the cause, then retry."};
  }
  return OkStatus();
}

Status RunProgress::OnCommand(Tx& tx, const CommandChanged& change, WallTime now, Device* device) {
  auto found = tx.commands.GetCommand(change.command_id);
  if (found.status().code() == StatusCode::kNotFound) {
    log::Warning("event names an unknown command", {{"device", device_.text()}});
    return OkStatus();
  }
  RETURN_IF_ERROR(found.status());
  Command command = std::move(*found);
  if (command.device_id != device_ || !IsOpen(command.state)) return OkStatus();
  switch (change.state) {
    case CommandChanged::State::kAccepted:
      if (command.state < CommandState::kAccepted) command.state = CommandState::kAccepted;
      break;
    case CommandChanged::State::kDone:
      if (command.state < CommandState::kDone) command.state = CommandState::kDone;
      break;
    case CommandChanged::State::kFailed:
      command.state = CommandState::kFailed;
      command.code = change.code;
      command.message = change.message;
      if (command.kind == CommandKind::kReseal) {
        AdvanceIfAllowed(LifecycleEvent::kSealRefusedByDevice, now, device);
      }
      break;
  }
  command.update_time = now;
  return tx.commands.UpdateCommand(command);
}

Status RunProgress::Finish(Tx& tx, Device* device) {
  for (size_t i = 0; i < items_.size(); ++i) {
    if (changed_[i]) RETURN_IF_ERROR(tx.runs.PutItem(device_, attempt_, items_[i]));
  }
  const Phase phase = device->phase;
  SetProgress(items_, device);
  device->phase = std::max(phase, device->phase);
  return OkStatus();
}

}  // namespace preseal::server
