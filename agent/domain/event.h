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
};

struct LogLine {
  std::string item_id;
  std::string text;
};

struct RunFinished {
  RunOutcome outcome = RunOutcome::kFailed;
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

using EventBody = std::variant<RunStarted, ItemChanged, LogLine, RunFinished, CommandChanged,
                               SealQuoted, SealArmed>;

struct Event {
  WallTime device_time;  // informative; never orders anything
  EventBody body;
};

// What the event is the latest word on: "item/netbase", "command/C-…", "run-started". The spool
// keeps the last event of every key when it drops acked ones, so that the state of the run can
// always be folded again. Empty for a log line, which is the latest word on nothing.
std::string KeyOf(const EventBody& body);

}  // namespace preseal::agent
