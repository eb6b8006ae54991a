// SPDX-License-Identifier: Apache-2.0
#include "agent/domain/run_state.h"

#include <algorithm>

namespace preseal::agent {

using std::chrono::milliseconds;

RunState::RunState(const Plan& plan) {
  for (const Step& step : plan.steps) entries_.push_back({.item = ItemOf(step)});
}

void RunState::Apply(const Event& event) {
  std::visit([this, &event](const auto& body) { ApplyOne(body, event); }, event.body);
  // A log line has no key and may be gone from the journal.
  if (std::holds_alternative<LogLine>(event.body)) return;
  last_run_time_ = event.run_time;
  last_device_time_ = event.device_time;
}

void RunState::ApplyOne(const RunStarted& started, const Event&) {
  started_ = true;
  boot_id_ = first_boot_id_ = started.boot_id;
}

void RunState::ApplyOne(const ItemChanged& change, const Event& event) {
  Entry* const entry = FindEntry(change.item_id);
  if (entry == nullptr) return;
  Item& item = entry->item;
  item.state = change.state;
  item.percent = change.percent;
  item.code = change.code;
  item.message = change.message;
  item.already_done = change.already_done;
  item.exit_code = change.exit_code;
  item.attempt = change.attempt;
  item.done = change.done;
  item.total = change.total;
  item.wait = change.wait;
  item.stalled = change.stalled;
  item.reboots = change.reboots;
  entry->began = event.memory.began;
  entry->changed = event.run_time - event.memory.held;
  entry->interruptions = event.memory.interruptions;
  entry->restarted = false;
  entry->hold_seen = false;
}

void RunState::ApplyOne(const RunFinished& finished, const Event&) {
  outcome_ = finished.outcome;
  continued_ = finished.continued;
}

void RunState::ApplyOne(const CommandChanged& change, const Event& event) {
  commands_[change.command_id] = change.state;
  if (event.memory.extended_by.count() > 0) {
    extensions_[change.command_id] = {event.memory.extended_item_id, event.memory.extended_by};
  }
}

void RunState::ApplyOne(const RunInterrupted& interrupted, const Event& event) {
  interruption_ = Interruption{interrupted, event.run_time};
  planned_boots_.insert(interrupted.boot_id);
}

void RunState::ApplyOne(const RunResumed& resumed, const Event&) {
  interruption_.reset();
  came_back_late_ = resumed.late;
  boot_id_ = resumed.boot_id;
  if (!resumed.rebooted) return;
  if (!resumed.planned) unplanned_boots_.insert(resumed.boot_id);
  for (Entry& entry : entries_) entry.restarted = true;
}

void RunState::ApplyOne(const HoldChanged& hold, const Event& event) {
  held_ = hold.held;
  held_since_ = event.run_time;
  held_before_ = event.memory.held;
  for (Entry& entry : entries_) entry.hold_seen = true;
}

void RunState::ApplyOne(const ItemWaived& waived, const Event&) {
  if (Entry* const entry = FindEntry(waived.item_id)) {
    entry->item.waiver = Waiver{waived.actor, waived.reason};
  }
}

void RunState::ApplyOne(const PromptAnswered& answered, const Event&) {
  answers_[answered.item_id] = answered;
}

milliseconds RunState::HeldBy(milliseconds run_time) const {
  return held_ ? held_before_ + (run_time - held_since_) : held_before_;
}

milliseconds RunState::ExtendedBy(const std::string& item_id) const {
  milliseconds sum{0};
  for (const auto& [command_id, extension] : extensions_) {
    if (extension.item_id == item_id) sum += extension.by;
  }
  return sum;
}

const PromptAnswered* RunState::AnswerTo(const std::string& item_id) const {
  const auto found = answers_.find(item_id);
  return found == answers_.end() ? nullptr : &found->second;
}

RunState::Entry* RunState::FindEntry(const std::string& item_id) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&item_id](const Entry& entry) {
    return entry.item.item_id == item_id;
  });
  return found == entries_.end() ? nullptr : &*found;
}

const RunState::Entry* RunState::Find(const std::string& item_id) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&item_id](const Entry& entry) {
    return entry.item.item_id == item_id;
  });
  return found == entries_.end() ? nullptr : &*found;
}

std::vector<Item> RunState::Items() const {
  std::vector<Item> items;
  for (const Entry& entry : entries_) items.push_back(entry.item);
  return items;
}

std::optional<CommandState> RunState::CommandStateOf(const std::string& command_id) const {
  const auto found = commands_.find(command_id);
  if (found == commands_.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> RunState::OpenCommands() const {
  std::vector<std::string> open;
  for (const auto& [command_id, state] : commands_) {
    if (state == CommandState::kAccepted) open.push_back(command_id);
  }
  return open;
}

}  // namespace preseal::agent
