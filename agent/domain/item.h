// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace preseal::agent {

// As preseal.progress.v1, in the agent's own words; adapters convert.
enum class Flow { kTechnician, kUser };
enum class Phase { kDevicePreparation, kDeviceSetup, kAccountSetup };
enum class Category {
  kHardware,
  kJoin,
  kManagement,
  kPolicies,
  kCertificates,
  kNetwork,
  kApps,
  kReboot,          // restarts that were asked for, together
  kQualityUpdates,  // after account setup
};
enum class Gating { kBlocking, kTracked, kBackground };
enum class ItemState {
  kNotStarted,
  kIdentifying,
  kInProgress,
  kVerifying,
  kSucceeded,
  kFailed,
  kNotRequired,
};

// What an item waits for: never nameless, never without an end.
struct Wait {
  enum class Kind {
    kToken,      // the server's queue for heavy work
    kInstaller,  // the installer lock, held by `owner`
    kRetry,      // the pause before the next attempt
    kPrompt,     // a person's answer
    kHold,       // a person put the run on hold
    kReboot,     // the device is restarting
    kServer,     // content or a secret
    kSpool,      // the spool is full until the server takes events
  };
  Kind kind = Kind::kRetry;
  std::string owner;                   // for people
  std::chrono::milliseconds limit{0};  // then the wait is over and the item fails
  uint32_t place = 0;                  // in a queue, 1 is next; 0: no queue

  bool operator==(const Wait&) const = default;
};

struct Waiver {
  std::string actor;
  std::string reason;

  bool operator==(const Waiver&) const = default;
};

// One tracked thing of a run as it stands now.
struct Item {
  std::string item_id;
  std::string display_name;
  Phase phase = Phase::kDeviceSetup;
  Category category = Category::kPolicies;
  Gating gating = Gating::kBlocking;
  ItemState state = ItemState::kNotStarted;
  uint32_t percent = 0;  // 0..100
  std::string code;      // empty while all is well
  std::string message;
  bool already_done = false;
  std::optional<int> exit_code;
  uint32_t attempt = 0;  // within this run; 0 before the first
  uint64_t done = 0;     // of `total` units; 0 of 0: not counted
  uint64_t total = 0;
  std::optional<Wait> wait;
  std::optional<Waiver> waiver;
  bool stalled = false;  // no output for longer than its stall timer
  uint32_t reboots = 0;  // it has caused so far in this run

  bool operator==(const Item&) const = default;
};

}  // namespace preseal::agent
