// SPDX-License-Identifier: Apache-2.0
// Inside agent/adapters/steps only.
#pragma once

#include <string>
#include <string_view>

#include "agent/adapters/steps/target_root.h"
#include "agent/service/run/step_executor.h"

namespace preseal::agent::steps {

// The device's name in the target: etc/hostname (hostname(5)), and one line "127.0.1.1 NAME" of
// etc/hosts (hosts(5), as Debian's installer writes it); all other lines stay as they are. Both
// files are replaced atomically, etc/hostname last. Thread-safe as far as `target` is.
class NameSteps {
 public:
  // `target` is borrowed.
  explicit NameSteps(TargetRoot& target) : target_(target) {}
  StepResult Check(const SetNameStep& naming);
  StepResult Apply(const SetNameStep& naming);
  // The name the target has now; empty if it has none that is legal.
  std::string NameOfTarget() const;

 private:
  StatusOr<std::string> ReadText(const std::string& path) const;

  TargetRoot& target_;
};

// `hosts` with its lines for 127.0.1.1 replaced by one for `name`; without any, one is appended.
std::string HostsWithName(std::string_view hosts, std::string_view name);

}  // namespace preseal::agent::steps
