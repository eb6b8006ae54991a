// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/adapters/steps/target_root.h"
#include "agent/service/run/artifact_source.h"
#include "agent/service/run/join_source.h"
#include "agent/service/run/step_executor.h"
#include "agent/service/seal_ports.h"

namespace preseal::agent::steps {

struct ExecutorSettings {
  std::string scratch_directory;  // made if missing, 0700
  std::string marker;             // NAME=value in the environment of every command
  // Who has signed in, for PRESEAL_USER and the steps of the user; empty: nobody. Called from any
  // thread.
  std::function<std::string()> user = {};
  // Where a hybrid join's blobs come from; null: such steps fail. Outlives the executor.
  JoinSource* joins = nullptr;
  std::string net_program = "net";  // Samba's, with a slash or found in PATH
  bool metered = false;             // the network is paid by volume: PRESEAL_METERED
};

// Every kind of step, done to `target`. Both must outlive the executor.
StatusOr<std::unique_ptr<StepExecutor>> MakeStepExecutor(TargetRoot& target,
                                                         ArtifactSource& artifacts,
                                                         ExecutorSettings settings);

struct SealPaths {
  std::string state_directory;
  std::vector<std::string> secrets;  // files and folders that ScrubSecrets removes
};

// Writes /var/lib/preseal/birth-certificate.jws and first-boot.json below `target`, and a copy of
// the certificate into the state folder.
std::unique_ptr<SealTarget> MakeSealTarget(TargetRoot& target, SealPaths paths);

}  // namespace preseal::agent::steps
