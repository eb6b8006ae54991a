// SPDX-License-Identifier: Apache-2.0
// Facts about a run, as preseal.progress.v1.Event in the agent's own words. Pure.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <variant>

#include "agent/domain/item.h"
#include "common/base/bytes.h"
#include "common/base/clock.h"

namespace preseal::agent {

enum class RunOutcome { kSucceeded, kFailed, kAbandoned };
enum class CommandState { kAccepted, kDone, kFailed };

struct RunStarted {
  std::string agent_version;
  std::string boot_id;
};

struct ItemChanged {
  std::string item_id;
  ItemState state = ItemState::kNotStarted;
  uint32_t percent = 0;
  std::string code;
  std::string message;
  bool already_done = false;
  std::optional<int> exit_code;
  uint32_t attempt = 0;
  uint64_t done = 0;
  uint64_t total = 0;
  std::optional<Wait> wait;
  bool stalled = false;
  uint32_t reboots = 0;
};

struct LogLine {
  std::string item_id;
  std::string text;
};

struct RunFinished {
  RunOutcome outcome = RunOutcome::kFailed;
  bool timed_out = false;
  bool continued = false;  // the user went on past an error or a timeout
};

// The device goes down on purpose; durable before it does.
struct RunInterrupted {
  std::string item_id;  // that asked for it; empty: the end of a phase, or a person
  std::string boot_id;  // of the boot that ends
  std::chrono::milliseconds back_within{0};

  bool operator==(const RunInterrupted&) const = default;
};

// The agent is back in the middle of a run.
struct RunResumed {
  std::string boot_id;
  bool rebooted = false;  // another boot id than before
  bool planned = false;   // a RunInterrupted was waiting for it
  bool late = false;
};

struct HoldChanged {
  bool held = false;
  std::string actor;
  std::string reason;
};

struct ItemWaived {
  std::string item_id;
  std::string actor;
  std::string reason;
};

struct PromptAnswered {
  std::string item_id;
  std::string answer;
  std::string actor;  // "device" for the person in front of it

  bool operator==(const PromptAnswered&) const = default;
};

struct CommandChanged {
  std::string command_id;
  CommandState state = CommandState::kAccepted;
  std::string code;
  std::string message;
};

struct SealQuoted {
  std::string command_id;
  Bytes attest;
  Bytes signature;
};

struct SealArmed {
  std::string command_id;
  std::array<uint8_t, 32> birth_certificate_sha256{};
};

using EventBody =
    std::variant<RunStarted, ItemChanged, LogLine, RunFinished, CommandChanged, SealQuoted,
                 SealArmed, RunInterrupted, RunResumed, HoldChanged, ItemWaived, PromptAnswered>;

// What the engine must remember with an event, so that the journal replays to the same decisions.
struct EngineMemory {
  std::chrono::milliseconds held{0};   // how long the run had been on hold before
  std::chrono::milliseconds began{0};  // item: run time less holds when it first started
  uint32_t interruptions = 0;          // item: how often an apply was cut short
  std::string extended_item_id;        // command that extended a deadline: of what; empty: the run
  std::chrono::milliseconds extended_by{0};

  bool operator==(const EngineMemory&) const = default;
};

struct Event {
  WallTime device_time;  // informative; never orders anything
  EventBody body;
  // Since the run began, on the run's own clock: monotonic, goes on over restarts, never back.
  std::chrono::milliseconds run_time{0};
  EngineMemory memory;
};

// What the event is the latest word on: "item/netbase", "command/C-…", "run-started". The spool
// keeps the last event of every key when it drops acked ones, so that the state of the run can
// always be folded again. Empty for a log line, which is the latest word on nothing.
std::string KeyOf(const EventBody& body);

}  // namespace preseal::agent
