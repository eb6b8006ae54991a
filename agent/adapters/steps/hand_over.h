// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "agent/adapters/steps/executor.h"
#include "agent/adapters/steps/target_root.h"

namespace preseal::agent::steps {

// What the agent of the technician flow leaves to the one in the target. No secret among it: the
// device's key is in the TPM, and the handle is useless elsewhere.
struct HandOver {
  std::string identity_directory;  // of IdentityFiles, on this system
  std::string server_ca_pem;
  std::string device_endpoint;  // host:port
  std::string server_name;      // empty: the host
  std::string tcti;
  std::string agent_program = "/usr/bin/preseal-agent";  // in the target
  bool only_if_there = false;  // lay nothing down where the target does not have the program
};

// Where it lies in the target; also the state folder of the agent that finds it.
inline constexpr char kUserFlowHome[] = "/var/lib/preseal/agent";

// As MakeSealTarget; ArmFirstBoot also lays the user flow down, described in docs/user-flow.md:
// identity, server CA and agent.conf in kUserFlowHome (0700), a systemd unit and its link.
// FailedPrecondition if a value cannot stand in the configuration file.
std::unique_ptr<SealTarget> MakeSealTarget(TargetRoot& target, SealPaths paths, HandOver hand_over);

// Lays the files down. Repeatable. Errors as TargetRoot and files::Read.
Status LayDownUserFlow(TargetRoot& target, const HandOver& hand_over);

}  // namespace preseal::agent::steps
