// SPDX-License-Identifier: Apache-2.0
// Inside agent/adapters/steps only.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/adapters/steps/join_blob.h"
#include "agent/adapters/steps/script_step.h"
#include "agent/adapters/steps/target_root.h"
#include "agent/service/run/step_executor.h"

namespace preseal::agent::steps {

// Samba's `net`, working on the target. Where the target is this system, its folders are those of
// its Samba; else they are below the target. What the target's smb.conf says of the membership is
// overruled on the command line, so that a join does not depend on it; what other programs of the
// target need stands in kFragmentPath, for smb.conf to include. Thread-safe as far as `target` is.
class NetProgram {
 public:
  static constexpr char kConfigurationPath[] = "/etc/samba/smb.conf";
  static constexpr char kFragmentPath[] = "/etc/samba/preseal-join.conf";

  NetProgram(TargetRoot& target, CommandSettings settings, std::string program)
      : target_(target), settings_(std::move(settings)), program_(std::move(program)) {}

  // Makes the target the computer of `blob`. Needs no domain controller. JOIN_REFUSED: `net` is
  // missing or takes no such blob.
  StepResult RequestJoin(const Step& step, const SambaJoinBlob& blob,
                         std::chrono::milliseconds limit, StepObserver& observer,
                         std::stop_token stop);
  // Asks a domain controller whether we are `membership`. JOIN_UNAVAILABLE: nobody confirmed it;
  // JOIN_REFUSED: the directory has another password.
  StepResult TestJoin(const Step& step, const Membership& membership,
                      std::chrono::milliseconds limit, StepObserver& observer,
                      std::stop_token stop);

 private:
  Status PrepareTarget(const Membership& membership);
  Status CheckFolders() const;
  std::string Below(const std::string& path) const;
  std::vector<std::string> CommandLine(std::vector<std::string> arguments,
                                       const Membership& membership,
                                       const std::string& scratch) const;

  TargetRoot& target_;
  const CommandSettings settings_;
  const std::string program_;
};

}  // namespace preseal::agent::steps
