// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/domain/event.h"
#include "agent/domain/item.h"
#include "agent/domain/plan.h"

namespace preseal::agent {

// Where a run stands: the fold of its events, the same whether they were just made or read back
// after a crash. Not thread-safe.
class RunState {
 public:
  struct Entry {
    Item item;
    // Number of the attempt the item is in or ended in, 0 before the first.
    uint32_t attempt = 0;
  };

  RunState() = default;
  // Items in plan order, none started.
  explicit RunState(const Plan& plan);

  // `attempt` is what was noted with the event; only items use it. An event about an item that is
  // not in the plan changes nothing.
  void Apply(const EventBody& body, uint32_t attempt);

  const std::vector<Entry>& entries() const { return entries_; }
  const Entry* Find(const std::string& item_id) const;
  std::vector<Item> Items() const;

  bool started() const { return started_; }
  std::optional<RunOutcome> outcome() const { return outcome_; }
  // Nothing if the command was never accepted.
  std::optional<CommandState> CommandStateOf(const std::string& command_id) const;
  std::vector<std::string> OpenCommands() const;
  bool SealQuotedFor(const std::string& command_id) const {
    return seal_quoted_.contains(command_id);
  }
  // The command that armed the seal.
  const std::optional<std::string>& seal_armed() const { return seal_armed_; }

 private:
  void ApplyOne(const RunStarted&, uint32_t) { started_ = true; }
  void ApplyOne(const ItemChanged& change, uint32_t attempt);
  void ApplyOne(const LogLine&, uint32_t) {}
  void ApplyOne(const RunFinished& finished, uint32_t) { outcome_ = finished.outcome; }
  void ApplyOne(const CommandChanged& change, uint32_t) {
    commands_[change.command_id] = change.state;
  }
  void ApplyOne(const SealQuoted& quoted, uint32_t) { seal_quoted_.insert(quoted.command_id); }
  void ApplyOne(const SealArmed& armed, uint32_t) { seal_armed_ = armed.command_id; }
  void ApplyOne(const RunInterrupted&, uint32_t) {}
  void ApplyOne(const RunResumed&, uint32_t) {}
  void ApplyOne(const HoldChanged&, uint32_t) {}
  void ApplyOne(const ItemWaived&, uint32_t) {}
  void ApplyOne(const PromptAnswered&, uint32_t) {}

  std::vector<Entry> entries_;
  bool started_ = false;
  std::optional<RunOutcome> outcome_;
  std::map<std::string, CommandState> commands_;
  std::set<std::string> seal_quoted_;
  std::optional<std::string> seal_armed_;
};

// How a run ends once no step is left to run: FAILED if a blocking item did not succeed.
RunOutcome OutcomeOf(const RunState& state);

// What comes next for an item when the agent (re)starts in the middle of a run.
enum class Resume {
  kNothing,     // it has ended
  kDetect,      // from the beginning
  kCheckFirst,  // apply may have taken effect before the crash: ask verify before applying again
};
Resume ResumeOf(const RunState::Entry& entry);

}  // namespace preseal::agent
