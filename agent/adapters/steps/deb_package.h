// SPDX-License-Identifier: Apache-2.0
// Inside agent/adapters/steps only.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/adapters/steps/script_step.h"
#include "agent/adapters/steps/target_root.h"
#include "agent/service/run/artifact_source.h"
#include "agent/service/run/step_executor.h"

namespace preseal::agent::steps {

// Installs Debian packages into the target with `dpkg --root`. A target without a dpkg database
// gets an empty one. Checked before dpkg touches anything: that the file is the package and version
// the plan names, and that none of its folders is a link out of the target, which dpkg would
// follow. One installation at a time, as dpkg's own lock wants it; others wait their turn within
// their timeout. Thread-safe.
class DebPackages {
 public:
  DebPackages(TargetRoot& target, ArtifactSource& artifacts, CommandSettings settings)
      : target_(target), artifacts_(artifacts), settings_(std::move(settings)) {}

  // In place: dpkg says "install ok installed" in the version of the plan, and every file it lists
  // (configuration files excepted, they may be changed) has its content.
  StepResult Check(const Step& step, const PackageStep& package, StepObserver& observer,
                   std::stop_token stop);
  StepResult Apply(const Step& step, const PackageStep& package, StepObserver& observer,
                   std::stop_token stop);

 private:
  StepResult Install(const Step& step, const std::string& file,
                     std::chrono::steady_clock::time_point deadline, StepObserver& observer,
                     std::stop_token stop);
  StepResult TakeTurn(std::chrono::steady_clock::time_point deadline, std::stop_token stop);
  void GiveTurn();
  StepResult CheckIsNamedPackage(const PackageStep& package, const std::string& file);
  StepResult CheckFolders(const std::string& file);
  Status PrepareDatabase();
  bool IsBareRoot();
  std::vector<std::string> InstallCommand(const std::string& file);

  TargetRoot& target_;
  ArtifactSource& artifacts_;
  CommandSettings settings_;
  std::mutex mutex_;  // guards installing_
  std::condition_variable_any turn_;
  bool installing_ = false;
};

}  // namespace preseal::agent::steps
