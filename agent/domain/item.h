// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace preseal::agent {

// As preseal.progress.v1, in the agent's own words; adapters convert.
enum class Phase { kDevicePreparation, kDeviceSetup, kAccountSetup };
enum class Category {
  kHardware,
  kJoin,
  kManagement,
  kPolicies,
  kCertificates,
  kNetwork,
  kApps,
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

  bool operator==(const Item&) const = default;
};

}  // namespace preseal::agent
