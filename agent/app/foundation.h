// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "agent/adapters/identity/identity_files.h"
#include "agent/adapters/spool/spool_store.h"
#include "agent/adapters/steps/target_root.h"
#include "agent/adapters/tpm/tpm.h"
#include "agent/app/options.h"
#include "agent/app/person_relay.h"
#include "agent/service/serial_display.h"

namespace preseal::agent {

// What lives as long as the process, in the order it is built.
struct Foundation {
  steps::TargetRoot target;
  std::shared_ptr<Tpm> tpm;
  std::unique_ptr<IdentityFiles> identities;
  std::unique_ptr<spool::SpoolStore> runs;
  std::string server_ca_pem;
  PreparedAnswers answers;
};

// Errors of what it opens.
StatusOr<Foundation> LayFoundation(const Options& options);

// What a session has around it; all borrowed.
struct Surroundings {
  std::string marker;  // NAME=value in the environment of every step
  SerialDisplay& display;
  PersonRelay& person;
};

}  // namespace preseal::agent
