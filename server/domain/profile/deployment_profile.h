// SPDX-License-Identifier: Apache-2.0
// A deployment profile and what it is made of; every default is Windows Autopilot's where it has
// one (docs/profiles.md). Pure values; ranges are checked where they are read.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/limits.h"
#include "server/domain/profile/document.h"
#include "server/domain/progress.h"

namespace preseal::server {

// For whom an item is. User items run in account setup, of the user flow only.
enum class Context { kDevice, kUser };

// A step with what decides about it; how it is carried out is opaque here.
struct ItemSpec {
  std::string id;
  std::string display_name;
  Category category = Category::kPolicies;
  Gating gating = Gating::kBlocking;
  Context context = Context::kDevice;
  std::vector<Mention> after;  // items that must have ended first
  Mention group;               // step group of the profile; empty id: none
  // Serialized preseal.plan.v1.Step without phase, gating, after, group and origin.
  Bytes step;
  Place place;
  std::chrono::milliseconds total_timeout{0};  // all attempts; 0: none of its own
  uint32_t version = 0;                        // of its document; 0: written in a profile
};

// Steps that belong together, as preseal.plan.v1.Group.
struct StepGroup {
  enum class OnFailure { kDefault = 0, kNext = 1, kLeaveGroup = 2, kStop = 3, kHold = 4 };
  std::string name;
  uint32_t max_in_flight = 0;  // 0: no limit of its own
  OnFailure on_failure = OnFailure::kDefault;
  std::vector<Mention> after;  // items or groups
  bool teardown = false;
  Place place;
};

// Settings of the Enrollment Status Page, as preseal.plan.v1.EspSettings.
struct EspSettings {
  bool show_progress = false;
  std::chrono::milliseconds timeout = kEspTimeoutDefault;  // hybrid adds kEspHybridExtra
  std::string error_message =
      "Setup could not be completed. Please try again or contact your support person for help.";
  bool allow_log_collection = false;
  bool only_out_of_box = false;
  bool install_quality_updates = false;
  bool block_use = true;
  bool allow_reset = false;
  bool allow_use_on_error = false;
  bool block_retry = false;
  std::vector<Mention> blocking_items;  // empty: all that block
  bool only_fail_selected = false;
};

struct OutOfBox {
  std::string language;
  std::string keyboard;
  bool hide_privacy = false;
  bool hide_licence = false;
  bool standard_user = false;
  bool skip_keyboard = false;
  bool skip_network = false;
  std::string licence_text;
  std::string privacy_text;
};

// Values equal preseal.plan.v1.Mode.
enum class Mode { kUserDriven = 1, kSelfDeploying = 2 };

// Which directory the device joins; no provider: none.
struct JoinSettings {
  std::string provider;
  std::string domain;
  bool hybrid() const { return !provider.empty(); }
};

// Everything of a profile but its items.
struct ProfileSettings {
  std::string id;
  std::string description;
  std::string name_template;  // empty: names stay
  bool preprovisioning_allowed = false;
  Mode mode = Mode::kUserDriven;
  JoinSettings join;
  EspSettings esp;
  OutOfBox out_of_box;
  std::vector<StepGroup> step_groups;
  std::chrono::milliseconds device_setup_timeout{0};   // 0: the run's alone
  std::chrono::milliseconds account_setup_timeout{0};  // likewise
  uint32_t reboots_max = kRunRebootsDefault;
  uint32_t version = 0;
  WallTime create_time;  // of version 1
  Place place;
};

struct DeploymentProfile {
  ProfileSettings settings;
  std::vector<std::variant<ItemSpec, Mention>> items;  // written here, or an Item document's id
};

}  // namespace preseal::server
