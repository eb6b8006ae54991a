// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
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
// after a crash, and the same again if only the last event of every key (KeyOf) is left of them.
// Everything the engine decides on is in here, the running calls excepted. Not thread-safe.
//
// Times are milliseconds of the run's clock. "Active" time is that clock less what the run was on
// hold: deadlines stand still while a person holds it.
class RunState {
 public:
  struct Entry {
    Item item;
    std::chrono::milliseconds began{0};    // active time it first started
    std::chrono::milliseconds changed{0};  // active time of its latest event
    uint32_t interruptions = 0;            // an apply was cut short this often
    bool restarted = false;                // the device was restarted since its latest event
    bool hold_seen = false;                // the hold changed since its latest event

    bool operator==(const Entry&) const = default;
  };
  // A planned restart that has not been followed by a return yet.
  struct Interruption {
    RunInterrupted body;
    std::chrono::milliseconds at{0};  // of the run's clock

    bool operator==(const Interruption&) const = default;
  };

  RunState() = default;
  // Items in plan order, none started.
  explicit RunState(const Plan& plan);
  bool operator==(const RunState&) const = default;

  // An event about an item that is not in the plan changes nothing.
  void Apply(const Event& event);

  // In the order of the plan's steps.
  const std::vector<Entry>& entries() const { return entries_; }
  const Entry* Find(const std::string& item_id) const;
  std::vector<Item> Items() const;

  bool started() const { return started_; }
  std::optional<RunOutcome> outcome() const { return outcome_; }
  bool continued() const { return continued_; }
  bool held() const { return held_; }
  // How long the run had been on hold by `run_time`.
  std::chrono::milliseconds HeldBy(std::chrono::milliseconds run_time) const;
  std::chrono::milliseconds ActiveAt(std::chrono::milliseconds run_time) const {
    return run_time - HeldBy(run_time);
  }
  // Of the boot the run goes on in.
  const std::string& boot_id() const { return boot_id_; }
  // Of the boot it began in: stable over the whole run.
  const std::string& first_boot_id() const { return first_boot_id_; }
  const std::optional<Interruption>& interruption() const { return interruption_; }
  size_t planned_restarts() const { return planned_boots_.size(); }
  size_t unplanned_restarts() const { return unplanned_boots_.size(); }
  bool came_back_late() const { return came_back_late_; }
  // What commands added to the deadline of an item, or of the run (empty).
  std::chrono::milliseconds ExtendedBy(const std::string& item_id) const;
  const PromptAnswered* AnswerTo(const std::string& item_id) const;
  // Of the newest event.
  std::chrono::milliseconds last_run_time() const { return last_run_time_; }
  WallTime last_device_time() const { return last_device_time_; }

  // Nothing if the command was never accepted.
  std::optional<CommandState> CommandStateOf(const std::string& command_id) const;
  std::vector<std::string> OpenCommands() const;
  bool SealQuotedFor(const std::string& command_id) const {
    return seal_quoted_.contains(command_id);
  }
  // The command that armed the seal.
  const std::optional<std::string>& seal_armed() const { return seal_armed_; }

 private:
  Entry* FindEntry(const std::string& item_id);
  void ApplyOne(const RunStarted& started, const Event& event);
  void ApplyOne(const ItemChanged& change, const Event& event);
  void ApplyOne(const LogLine&, const Event&) {}
  void ApplyOne(const RunFinished& finished, const Event& event);
  void ApplyOne(const CommandChanged& change, const Event& event);
  void ApplyOne(const SealQuoted& quoted, const Event&) { seal_quoted_.insert(quoted.command_id); }
  void ApplyOne(const SealArmed& armed, const Event&) { seal_armed_ = armed.command_id; }
  void ApplyOne(const RunInterrupted& interrupted, const Event& event);
  void ApplyOne(const RunResumed& resumed, const Event& event);
  void ApplyOne(const HoldChanged& hold, const Event& event);
  void ApplyOne(const ItemWaived& waived, const Event& event);
  void ApplyOne(const PromptAnswered& answered, const Event& event);

  struct Extension {
    std::string item_id;
    std::chrono::milliseconds by{0};

    bool operator==(const Extension&) const = default;
  };

  std::vector<Entry> entries_;
  bool started_ = false;
  std::optional<RunOutcome> outcome_;
  bool continued_ = false;
  bool held_ = false;
  std::chrono::milliseconds held_since_{0};
  std::chrono::milliseconds held_before_{0};
  std::string boot_id_;
  std::string first_boot_id_;
  std::optional<Interruption> interruption_;
  // Sets, not counts: what is told twice is not two restarts.
  std::set<std::string> planned_boots_;
  std::set<std::string> unplanned_boots_;
  bool came_back_late_ = false;
  std::map<std::string, PromptAnswered> answers_;
  std::map<std::string, Extension> extensions_;  // by command
  std::chrono::milliseconds last_run_time_{0};
  WallTime last_device_time_;
  std::map<std::string, CommandState> commands_;
  std::set<std::string> seal_quoted_;
  std::optional<std::string> seal_armed_;
};

}  // namespace preseal::agent
