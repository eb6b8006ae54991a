// SPDX-License-Identifier: Apache-2.0
// Progress of a run: items, events that change them, and what they add up to. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/status/status.h"

namespace preseal::server {

// Values of these enums are stored and equal preseal.progress.v1; never renumber.
enum class Flow { kTechnician = 1, kUser = 2 };
enum class Phase { kDevicePreparation = 1, kDeviceSetup = 2, kAccountSetup = 3 };
enum class Category {
  kHardware = 1,
  kJoin = 2,
  kManagement = 3,
  kPolicies = 4,
  kCertificates = 5,
  kNetwork = 6,
  kApps = 7,
  kReboot = 8,
  kQualityUpdates = 9,
};
enum class Gating { kBlocking = 1, kTracked = 2, kBackground = 3 };
enum class ItemState {
  kNotStarted = 1,
  kIdentifying = 2,
  kInProgress = 3,
  kVerifying = 4,
  kSucceeded = 5,
  kFailed = 6,
  kNotRequired = 7,
};
enum class RunOutcome { kRunning = 0, kSucceeded = 1, kFailed = 2, kAbandoned = 3 };

// What an item waits for, as preseal.progress.v1.Wait.
struct Wait {
  enum class Kind {
    kToken = 1,
    kInstaller = 2,
    kRetry = 3,
    kPrompt = 4,
    kHold = 5,
    kReboot = 6,
    kServer = 7,
    kSpool = 8,
    kDevice = 9,
  };
  Kind kind = Kind::kRetry;
  std::string owner;
  WallTime start_time;
  std::chrono::milliseconds limit{0};
  uint32_t place = 0;
};

// A named person let a blocking item pass.
struct Waiver {
  std::string actor;
  std::string reason;
  WallTime time;
};

struct Item {
  ItemId item_id;
  std::string display_name;
  Phase phase = Phase::kDeviceSetup;
  Category category = Category::kPolicies;
  Gating gating = Gating::kBlocking;
  ItemState state = ItemState::kNotStarted;
  uint32_t percent = 0;
  std::string code;
  std::string message;
  bool already_done = false;
  std::optional<WallTime> start_time;
  std::optional<WallTime> end_time;
  std::optional<int32_t> exit_code;
  uint32_t attempt = 0;  // within the run; 0 before the first
  uint64_t done = 0;     // of `total` units; 0 of 0: not counted
  uint64_t total = 0;
  std::optional<Wait> wait;
  std::optional<Waiver> waiver;
  std::string origin;  // why it is in the plan
  bool stalled = false;
};

// What the profile's ESP settings let the device do, as the run froze them.
struct EspFacts {
  bool allow_reset = false;
  bool allow_use_on_error = false;
  bool block_use = true;  // off: what is open on an error or a timeout does not hold the user
  bool block_retry = false;
  bool allow_log_collection = true;
  bool show_progress = true;
  std::string error_message;
};

// Whether the item holds a seal no more: verified, not required, or waived by name.
bool IsSettled(const Item& item);

// One attempt at a flow. attempt 0 holds the device preparation items only.
struct Run {
  RunId run_id;
  RunOutcome outcome = RunOutcome::kRunning;
  WallTime start_time;
  std::optional<WallTime> end_time;
  std::string profile;
  std::string profile_digest;  // lower-case hex
  uint64_t event_count = 0;    // durable events; sequences 1..event_count
  Bytes plan;                  // serialized preseal.plan.v1.Plan, as sent to the device
  Flow flow = Flow::kTechnician;
  uint32_t profile_version = 0;
  bool timed_out = false;
  bool continued = false;                        // the user went on past an error or a timeout
  bool held = false;                             // a person put it on hold
  std::chrono::milliseconds device_run_time{0};  // newest Event.run_time
  // How long it may take from start_time, holds aside; 0: no limit is known (an older run).
  std::chrono::milliseconds limit{0};
  std::optional<Wait> wait;  // what the run as a whole waits for: a hold, a restart, its device
  EspFacts esp;
};

struct RunStarted {
  std::string agent_version;
  std::string boot_id;
};
struct ItemChanged {
  ItemId item_id;
  ItemState state = ItemState::kNotStarted;
  uint32_t percent = 0;
  std::string code;
  std::string message;
  bool already_done = false;
  std::optional<int32_t> exit_code;
  uint32_t attempt = 0;
  uint64_t done = 0;
  uint64_t total = 0;
  std::optional<Wait> wait;  // without start_time
  bool stalled = false;
};
struct LogLine {
  std::string item_id;  // empty for the agent itself
  std::string text;
};
struct RunFinished {
  RunOutcome outcome = RunOutcome::kFailed;
  bool timed_out = false;
  bool continued = false;
};
struct CommandChanged {
  enum class State { kAccepted = 1, kDone = 2, kFailed = 3 };
  CommandId command_id;
  State state = State::kAccepted;
  std::string code;
  std::string message;
};
struct SealQuoted {
  CommandId command_id;
  Bytes attest;
  Bytes signature;
};
struct SealArmed {
  CommandId command_id;
  Bytes birth_certificate_sha256;
};

struct RunInterrupted {
  std::string item_id;
  std::string boot_id;
  std::chrono::milliseconds back_within{0};
};
struct RunResumed {
  std::string boot_id;
  bool rebooted = false;
  bool planned = false;
  bool late = false;
};
struct HoldChanged {
  bool held = false;
  std::string actor;
  std::string reason;
};
struct ItemWaived {
  ItemId item_id;
  std::string actor;
  std::string reason;
};
struct PromptAnswered {
  ItemId item_id;
  std::string answer;
  std::string actor;
};

// One event from a device, checked for form by the adapter that made it.
struct Event {
  uint64_t sequence = 0;
  Bytes content;  // its serialized form without anything the transport may change
  std::variant<RunStarted, ItemChanged, LogLine, RunFinished, CommandChanged, SealQuoted, SealArmed,
               RunInterrupted, RunResumed, HoldChanged, ItemWaived, PromptAnswered>
      body;
  std::chrono::milliseconds run_time{0};  // on the run's own clock, the device's word
};

// "item-changed" and so on, as preseal.fleet.v1.JournalEntry.kind.
std::string_view KindOf(const Event& event);
// The item it is about, empty if none.
std::string_view ItemOf(const Event& event);
// One line for people.
std::string TextOf(const Event& event);

// Applies `change` to `item`; a wait that begins gets `now` as its start. Never fails: late or
// repeated evidence may move an item anywhere, except that an item that SUCCEEDED in this run stays
// so (its verify agreed).
void ApplyChange(const ItemChanged& change, WallTime now, Item* item);

// What a tile shows and the lifecycle guards need.
struct ProgressSummary {
  Phase phase = Phase::kDevicePreparation;
  std::string item_name;     // running now, or the one that failed
  uint32_t items_done = 0;   // settled
  uint32_t items_total = 0;  // without background items
  uint32_t percent = 0;
  bool blocking_satisfied = false;  // at least one run's items, every blocking one done
  std::vector<ItemId> open_blocking;
  std::optional<ItemId> failed_blocking;
};
ProgressSummary Summarise(std::span<const Item> items);

// The wait of an item that people should see first; nothing while no item waits.
std::optional<Wait> MostVisibleWait(std::span<const Item> items);

// Item::code of an item that was given up because an earlier one failed (docs/formats.md "Item
// codes"): never the cause that is named.
inline constexpr std::string_view kPreviousFailedCode = "PREVIOUS_STEP_FAILED";

std::string_view NameOf(ItemState state);
std::string_view NameOf(Category category);

}  // namespace preseal::server
