// SPDX-License-Identifier: Apache-2.0
#include "server/service/flow/run_progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/limits.h"
#include "common/base/secret.h"
#include "common/crypto/digest.h"
#include "common/log/log.h"

namespace preseal::server {
namespace {

// No log tells why nobody answered.
std::string RemedyFor(std::string_view code) {
  if (code == "PROMPT_UNANSWERED") {
    return "Retry, and answer while it asks: at the device or from here.";
  }
  return "Read the item's log, mend the cause, then retry.";
}

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

bool BeginsARun(CommandKind kind) {
  return kind == CommandKind::kStart || kind == CommandKind::kRetry || kind == CommandKind::kSignIn;
}

// Of use only while the run goes on.
bool NeedsARunningRun(CommandKind kind) {
  return kind == CommandKind::kHold || kind == CommandKind::kResume ||
         kind == CommandKind::kAnswerPrompt || kind == CommandKind::kExtend;
}

// What the device reports is all there is to know of these; the others' end is judged here.
bool DoneIsVerified(CommandKind kind) { return !BeginsARun(kind) && kind != CommandKind::kReseal; }

// When it is over a device that announced a restart is silent like any other.
std::chrono::milliseconds BackWithin(const RunInterrupted& event) {
  if (event.back_within <= std::chrono::milliseconds(0)) return kRebootWithinDefault;
  return std::min<std::chrono::milliseconds>(event.back_within, kStepTimeoutMax);
}

void OnInterrupted(const RunInterrupted& event, WallTime now, Run* run) {
  run->wait = Wait{.kind = Wait::Kind::kReboot,
                   .owner = event.item_id.empty() ? "the device" : event.item_id,
                   .start_time = now,
                   .limit = BackWithin(event)};
}

void OnHold(const HoldChanged& event, WallTime now, Run* run) {
  if (run->held == event.held) return;
  run->held = event.held;
  if (!event.held) return EndRunWait(Wait::Kind::kHold, now, run);
  run->wait = Wait{.kind = Wait::Kind::kHold, .owner = event.actor, .start_time = now};
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
  run->device_run_time = std::max(run->device_run_time, event.run_time);
  if (const auto* change = std::get_if<CommandChanged>(&event.body)) {
    return OnCommand(tx, *change, now, device);
  }
  if (run->outcome == RunOutcome::kAbandoned) return OkStatus();
  if (const auto* change = std::get_if<ItemChanged>(&event.body)) return OnItem(*change, now);
  if (const auto* finished = std::get_if<RunFinished>(&event.body)) {
    return OnFinished(tx, *finished, now, device, run);
  }
  if (const auto* waived = std::get_if<ItemWaived>(&event.body)) OnWaived(*waived);
  if (const auto* held = std::get_if<HoldChanged>(&event.body)) OnHold(*held, now, run);
  if (const auto* down = std::get_if<RunInterrupted>(&event.body)) OnInterrupted(*down, now, run);
  if (std::holds_alternative<RunResumed>(event.body) ||
      std::holds_alternative<RunStarted>(event.body)) {
    EndRunWait(Wait::Kind::kReboot, now, run);
  }
  return OkStatus();
}

Item* RunProgress::Find(std::string_view item_id) {
  const auto it = std::find_if(items_.begin(), items_.end(),
                               [&](const Item& item) { return item.item_id.text() == item_id; });
  if (it == items_.end()) return nullptr;
  changed_[static_cast<size_t>(it - items_.begin())] = true;
  return &*it;
}

Status RunProgress::OnItem(const ItemChanged& change, WallTime now) {
  Item* item = Find(change.item_id.text());
  if (item == nullptr) {
    // Stored in the journal, but it is not in the plan and counts for nothing.
    log::Warning("event names an item that is not in the plan",
                 {{"device", device_.text()}, {"item", change.item_id.text()}});
    return OkStatus();
  }
  ApplyChange(change, now, item);
  return OkStatus();
}

// The waivers that count are those given here: a device could name anybody.
void RunProgress::OnWaived(const ItemWaived& waived) {
  const Item* item = Find(waived.item_id.text());
  if (item != nullptr && item->waiver) return;
  log::Warning("device tells of a waiver nobody gave",
               {{"device", device_.text()}, {"item", waived.item_id.text()}});
}

Status RunProgress::Waive(std::string_view item_id, const Waiver& waiver) {
  Item* item = Find(item_id);
  if (item == nullptr) {
    return InvalidArgument(fmt::format("the present run has no item \"{}\"", item_id));
  }
  if (item->gating == Gating::kBackground) {
    return FailedPrecondition(fmt::format("{} holds nothing up", item->display_name));
  }
  if (IsSettled(*item)) {
    return FailedPrecondition(fmt::format("{} is settled already", item->display_name));
  }
  item->waiver = waiver;
  return OkStatus();
}

bool RunProgress::Satisfied(const Run& run) const {
  // A user flow in which nothing was left to do is done.
  if (run.flow == Flow::kUser && items_.empty()) return true;
  return Summarise(items_).blocking_satisfied;
}

Status RunProgress::OnFinished(Tx& tx, const RunFinished& finished, WallTime now, Device* device,
                               Run* run) {
  run->timed_out = run->timed_out || finished.timed_out;
  if (finished.continued && !run->continued) {
    run->continued = run->flow == Flow::kUser && run->esp.allow_use_on_error;
    if (!run->continued) {
      log::Warning("device went on past an error it may not", {{"device", device_.text()}});
    }
  }
  if (finished.outcome == RunOutcome::kSucceeded && !Satisfied(*run)) {
    log::Warning("device called an incomplete run a success", {{"device", device_.text()}});
  }
  return Conclude(tx, now, device, run);
}

// The server judges by the items it has, not by the device's word.
Status RunProgress::Conclude(Tx& tx, WallTime now, Device* device, Run* run) {
  run->outcome = Satisfied(*run) ? RunOutcome::kSucceeded : RunOutcome::kFailed;
  run->end_time = now;
  run->held = false;
  run->wait.reset();
  device->run_end_time = now;
  SetProgress(items_, device);
  RETURN_IF_ERROR(CloseRunCommands(tx, *run, now));
  const bool user = run->flow == Flow::kUser;
  if (user && run->outcome == RunOutcome::kFailed && !run->esp.block_use) run->continued = true;
  if (run->outcome == RunOutcome::kSucceeded || (user && run->continued)) {
    AdvanceIfAllowed(user ? LifecycleEvent::kUserFinished : LifecycleEvent::kRunSatisfied, now,
                     device);
    return OkStatus();
  }
  if (device->state != DeviceState::kFailed) {
    AdvanceIfAllowed(LifecycleEvent::kRunFailed, now, device);
  }
  if (device->state == DeviceState::kFailed) NameFailure(device);
  return OkStatus();
}

void RunProgress::NameFailure(Device* device) const {
  const ProgressSummary sum = Summarise(items_);
  device->failure = {.code = "RUN_INCOMPLETE",
                     .message = "The run ended before every blocking item was verified.",
                     .remedy = "Retry the device."};
  for (const Item& item : items_) {
    if (!sum.failed_blocking || item.item_id != *sum.failed_blocking) continue;
    device->failure = {.code = item.code,
                       .item_id = item.item_id.text(),
                       .message = fmt::format("{}: {}", item.display_name, item.message),
                       .remedy = RemedyFor(item.code)};
  }
}

Status RunProgress::TimeOut(Tx& tx, WallTime now, Device* device, Run* run) {
  run->timed_out = true;
  RETURN_IF_ERROR(Conclude(tx, now, device, run));
  if (device->state != DeviceState::kFailed) return OkStatus();
  device->failure = {
      .code = "RUN_TIMEOUT",
      .message = "The device did not say in time how its run ended.",
      .remedy =
          "Look at the device and its network. What it delivers late still counts; else retry "
          "it."};
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
      if (DoneIsVerified(command.kind)) command.state = CommandState::kVerified;
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

Status RunProgress::Finish(Tx& tx, WallTime now, Device* device, Run* run) {
  if (run->outcome == RunOutcome::kAbandoned) return OkStatus();
  for (size_t i = 0; i < items_.size(); ++i) {
    if (changed_[i]) RETURN_IF_ERROR(tx.runs.PutItem(device_, attempt_, items_[i]));
  }
  const Phase phase = device->phase;
  SetProgress(items_, device);
  device->phase = std::max(phase, device->phase);
  if (run->outcome == RunOutcome::kFailed && device->state == DeviceState::kFailed &&
      Satisfied(*run)) {
    RETURN_IF_ERROR(Conclude(tx, now, device, run));
  }
  device->held = run->held;
  device->wait.reset();
  if (run->outcome != RunOutcome::kRunning) return OkStatus();
  device->wait = run->wait ? run->wait : MostVisibleWait(items_);
  return OkStatus();
}

Status CloseRunCommands(Tx& tx, const Run& run, WallTime now) {
  ASSIGN_OR_RETURN(const auto commands, tx.commands.OpenCommands(run.run_id.device()));
  for (Command command : commands) {
    if (command.run_id != run.run_id) continue;
    if (BeginsARun(command.kind)) {
      command.state = CommandState::kVerified;
    } else if (NeedsARunningRun(command.kind)) {
      command.state = CommandState::kFailed;
      command.code = "RUN_ENDED";
      command.message = "The run ended before the device took the command.";
    } else {
      continue;
    }
    command.update_time = now;
    RETURN_IF_ERROR(tx.commands.UpdateCommand(command));
  }
  return OkStatus();
}

Status FailOpenCommands(Tx& tx, const DeviceId& device, std::string_view code,
                        std::string_view message, WallTime now) {
  ASSIGN_OR_RETURN(const auto open, tx.commands.OpenCommands(device));
  for (Command command : open) {
    command.state = CommandState::kFailed;
    command.code = code;
    command.message = message;
    command.update_time = now;
    RETURN_IF_ERROR(tx.commands.UpdateCommand(command));
  }
  return OkStatus();
}

void AbandonRun(WallTime now, Run* run) {
  run->outcome = RunOutcome::kAbandoned;
  run->held = false;
  run->wait.reset();
  if (!run->end_time) run->end_time = now;
}

void EndRunWait(Wait::Kind kind, WallTime now, Run* run) {
  if (!run->wait || run->wait->kind != kind) return;
  if (kind == Wait::Kind::kHold && run->limit.count() != 0) {
    run->limit +=
        std::chrono::duration_cast<std::chrono::milliseconds>(now - run->wait->start_time);
  }
  run->wait.reset();
  if (!run->held) return;
  // It was on hold before the device went silent or down, and still is.
  run->wait = Wait{.kind = Wait::Kind::kHold, .owner = "the person who held it", .start_time = now};
}

}  // namespace preseal::server
