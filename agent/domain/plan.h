// SPDX-License-Identifier: Apache-2.0
// A run's frozen plan, as preseal.plan.v1 in the agent's own words; adapters convert. Pure.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "agent/domain/item.h"
#include "common/base/bytes.h"

namespace preseal::agent {

// Content held by the server.
struct Artifact {
  std::array<uint8_t, 32> sha256{};
  uint64_t size = 0;  // bytes
  std::string file_name;

  bool operator==(const Artifact&) const = default;
};

struct FileStep {
  std::string path;  // absolute in the target
  uint32_t mode = 0;
  std::variant<Bytes, Artifact> source;

  bool operator==(const FileStep&) const = default;
};

struct ScriptStep {
  std::string detect;  // empty: never already done
  std::string apply;
  std::string verify;

  bool operator==(const ScriptStep&) const = default;
};

struct CertificateStep {
  std::string path;
  Bytes pem;

  bool operator==(const CertificateStep&) const = default;
};

struct NetworkProfileStep {
  enum class Format { kSystemdNetworkd, kNetworkManagerKeyfile };
  std::string name;
  Format format = Format::kSystemdNetworkd;
  std::string content;

  bool operator==(const NetworkProfileStep&) const = default;
};

struct PackageStep {
  enum class Format { kDeb, kTarZst };
  Format format = Format::kDeb;
  Artifact artifact;
  std::string package_name;     // deb
  std::string package_version;  // deb
  std::string destination;      // tar.zst

  bool operator==(const PackageStep&) const = default;
};

// Asks a person; the first answer counts. Carried out by the engine, not by an executor.
struct PromptStep {
  std::map<std::string, std::string> text;  // by BCP 47 language; "en" is there
  std::vector<std::string> choices;         // empty: free text
  std::string pattern;                      // common/pattern, whole answer; empty: anything
  std::string answer_path;                  // in the target; empty: nowhere

  bool operator==(const PromptStep&) const = default;
};

// Carried out by the engine.
struct WaitStep {
  std::chrono::milliseconds duration{0};

  bool operator==(const WaitStep&) const = default;
};

// Restarts the device on purpose. Carried out by the engine.
struct RebootStep {
  bool operator==(const RebootStep&) const = default;
};

// Writes Plan::device_name into the target's etc/hostname and etc/hosts.
struct SetNameStep {
  std::string device_name;  // a copy of the plan's

  bool operator==(const SetNameStep&) const = default;
};

// Technician flow of a hybrid join: fetches the blob and lays it into the target.
struct OfflineJoinStep {
  std::string domain;
  std::string computer_name = {};  // a copy of the plan's device_name; empty: any

  bool operator==(const OfflineJoinStep&) const = default;
};

// User flow of a hybrid join: applies the blob, then proves it against a domain controller.
struct DomainJoinStep {
  std::string domain;

  bool operator==(const DomainJoinStep&) const = default;
};

using StepAction =
    std::variant<FileStep, ScriptStep, CertificateStep, NetworkProfileStep, PackageStep, PromptStep,
                 WaitStep, RebootStep, SetNameStep, OfflineJoinStep, DomainJoinStep>;

enum class ExitMeaning { kSuccess, kRetry, kFail, kRebootNow, kRebootLater, kFailFatal };

// What a reset does about a step.
enum class Undo { kNone, kCommand, kReimage };

// A typed value in the environment of a step's commands, PRESEAL_INPUT_<NAME>.
struct StepInput {
  enum class Type { kString, kInteger, kBoolean, kChoice, kPath };
  std::string name;
  Type type = Type::kString;
  std::string value;
  std::vector<std::string> choices;
  int64_t minimum = 0;  // of an integer; equal to maximum: no limits
  int64_t maximum = 0;

  bool operator==(const StepInput&) const = default;
};

// Steps that belong together.
struct StepGroup {
  enum class OnFailure { kDefault, kNext, kLeaveGroup, kStop, kHold };
  std::string name;
  uint32_t max_in_flight = 0;  // 1: serial; 0: no limit of its own
  OnFailure on_failure = OnFailure::kDefault;
  std::vector<std::string> after;  // items or groups that must have ended
  bool teardown = false;           // runs at the end whatever happened; cannot fail the run

  bool operator==(const StepGroup&) const = default;
};

// Settings of the Enrollment Status Page, as in preseal.plan.v1.EspSettings.
struct EspSettings {
  bool show_progress = false;
  std::chrono::milliseconds timeout{0};  // of the run, all included; 0: none
  std::string error_message;
  bool allow_log_collection = false;
  bool only_out_of_box = false;
  bool install_quality_updates = false;
  bool block_use = false;
  bool allow_reset = false;
  bool allow_use_on_error = false;
  bool block_retry = false;
  // Filter over the blocking items, which need not be in this plan; empty: all of them.
  std::vector<std::string> blocking_items;
  bool only_fail_selected = false;

  bool operator==(const EspSettings&) const = default;
};

// What the user is asked or spared at first boot, as in preseal.plan.v1.OutOfBox.
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

  bool operator==(const OutOfBox&) const = default;
};

enum class Mode { kUserDriven, kSelfDeploying };

struct ExitCodeRule {
  int code = 0;
  ExitMeaning meaning = ExitMeaning::kFail;

  bool operator==(const ExitCodeRule&) const = default;
};

struct Step {
  std::string item_id;
  std::string display_name;
  Category category = Category::kPolicies;
  Gating gating = Gating::kBlocking;
  std::vector<std::string> after;
  std::chrono::milliseconds timeout{0};
  uint32_t attempts = 1;
  std::vector<ExitCodeRule> exit_codes;
  StepAction action;
  Phase phase = Phase::kDeviceSetup;
  std::string group;                           // empty: none
  std::chrono::milliseconds total_timeout{0};  // all attempts and pauses; 0: none of its own
  std::chrono::milliseconds stall_timeout{0};  // without output or progress; 0: none
  std::string requires_script;                 // exit 0: applies here; empty: it does
  uint32_t reboots_max = 0;                    // it may ask for
  std::chrono::milliseconds reboot_within{0};  // back after; 0: kRebootWithinDefault
  std::string token;                           // class; empty: none needed
  bool installer_lock = false;
  Undo undo = Undo::kNone;
  std::string undo_command;
  std::vector<StepInput> inputs;
  bool user_context = false;
  std::string origin;  // why it is here, for people

  bool operator==(const Step&) const = default;
};

struct Plan {
  std::string profile;
  std::string profile_digest;  // lower-case hex
  std::vector<Step> steps;
  Flow flow = Flow::kTechnician;
  uint32_t profile_version = 0;
  EspSettings esp;
  std::vector<StepGroup> groups;
  std::string device_name;                            // empty: the name stays
  uint32_t reboots_max = 0;                           // planned ones of the whole run
  std::chrono::milliseconds device_setup_timeout{0};  // of the phase; 0: none of its own
  std::chrono::milliseconds account_setup_timeout{0};
  OutOfBox out_of_box;
  Mode mode = Mode::kUserDriven;

  bool operator==(const Plan&) const = default;
};

// First matching rule. Unmatched, as Windows Installer has it: 0 and 1707 succeed, 3010 wants a
// restart later, 1641 now, 1618 is a retry; anything else fails the attempt (kRetry: the step is
// tried again while it has attempts left). A rule that says kFail ends the item at once.
ExitMeaning MeaningOf(const Step& step, int exit_code);

// Whether verify really looks at something; only a script without a verify part does not.
bool CanVerify(const Step& step);

// The tracked thing of `step` before it starts.
Item ItemOf(const Step& step);

}  // namespace preseal::agent
