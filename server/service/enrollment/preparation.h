// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/base/clock.h"
#include "common/status/status.h"
#include "server/service/ports.h"

namespace preseal::server {

// The items of the device preparation phase, which the server itself observes during enrolment.
enum class PreparationItem {
  kHardware,    // secure your hardware: attestation
  kJoin,        // join your organisation: certificate issued
  kManagement,  // register for management: first mTLS call
};

struct PreparationFault {
  std::string code;
  std::string message;
};

// Writes the item's state under attempt 0, adding all three on first use, and, while no run has
// begun, the summary into `device`. The caller writes `device`.
Status MarkPreparation(Tx& tx, PreparationItem which, ItemState state,
                       const PreparationFault& fault, WallTime now, Device* device);

// A new attestation begins: all three items start over.
Status ResetPreparation(Tx& tx, Device* device);

}  // namespace preseal::server
