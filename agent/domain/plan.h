// SPDX-License-Identifier: Apache-2.0
// A run's frozen plan, as preseal.plan.v1 in the agent's own words; adapters convert. Pure.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
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
};

struct FileStep {
  std::string path;  // absolute in the target
  uint32_t mode = 0;
  std::variant<Bytes, Artifact> source;
};

struct ScriptStep {
  std::string detect;  // empty: never already done
  std::string apply;
  std::string verify;
};

struct CertificateStep {
  std::string path;
  Bytes pem;
};

struct NetworkProfileStep {
  enum class Format { kSystemdNetworkd, kNetworkManagerKeyfile };
  std::string name;
  Format format = Format::kSystemdNetworkd;
  std::string content;
};

struct PackageStep {
  enum class Format { kDeb, kTarZst };
  Format format = Format::kDeb;
  Artifact artifact;
  std::string package_name;     // deb
  std::string package_version;  // deb
  std::string destination;      // tar.zst
};

using StepAction =
    std::variant<FileStep, ScriptStep, CertificateStep, NetworkProfileStep, PackageStep>;

enum class ExitMeaning { kSuccess, kRetry, kFail };

struct ExitCodeRule {
  int code = 0;
  ExitMeaning meaning = ExitMeaning::kFail;
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
};

struct Plan {
  std::string profile;
  std::string profile_digest;  // lower-case hex
  std::vector<Step> steps;
};

// First matching rule. Unmatched: 0 is success, anything else fails the attempt (kRetry: the step
// is tried again while it has attempts left). A rule that says kFail ends the item at once.
ExitMeaning MeaningOf(const Step& step, int exit_code);

// Whether verify really looks at something; only a script without a verify part does not.
bool CanVerify(const Step& step);

// The tracked thing of `step` before it starts.
Item ItemOf(const Step& step);

}  // namespace preseal::agent
