// SPDX-License-Identifier: Apache-2.0
#include "agent/domain/run_state.h"

#include <algorithm>
#include <cstdlib>

namespace preseal::agent {

RunState::RunState(const Plan& plan) {
  for (const Step& step : plan.steps) entries_.push_back({ItemOf(step), 0});
}

void RunState::Apply(const EventBody& body, uint32_t attempt) {
  std::visit([this, attempt](const auto& event) { ApplyOne(event, attempt); }, body);
}

void RunState::ApplyOne(const ItemChanged& change, uint32_t attempt) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&change](const Entry& entry) {
    return entry.item.item_id == change.item_id;
  });
  if (found == entries_.end()) return;
  Item& item = found->item;
  item.state = change.state;
  item.percent = change.percent;
  item.code = change.code;
  item.message = change.message;
  item.already_done = change.already_done;
  item.exit_code = change.exit_code;
  found->attempt = attempt;
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

RunOutcome OutcomeOf(const RunState& state) {
  const bool satisfied =
      std::all_of(state.entries().begin(), state.entries().end(), [](const auto& entry) {
        return entry.item.gating != Gating::kBlocking ||
               entry.item.state == ItemState::kSucceeded ||
               entry.item.state == ItemState::kNotRequired;
      });
  return satisfied ? RunOutcome::kSucceeded : RunOutcome::kFailed;
}

Resume ResumeOf(const RunState::Entry& entry) {
  switch (entry.item.state) {
    case ItemState::kNotStarted:
      return Resume::kDetect;
    case ItemState::kIdentifying:
      // A later attempt also goes through here; then an apply has run before.
      return entry.attempt > 0 ? Resume::kCheckFirst : Resume::kDetect;
    case ItemState::kInProgress:
    case ItemState::kVerifying:
      return Resume::kCheckFirst;
    case ItemState::kSucceeded:
    case ItemState::kFailed:
    case ItemState::kNotRequired:
      return Resume::kNothing;
  }
  std::abort();
}

}  // namespace preseal::agent
