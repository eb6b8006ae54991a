// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/status/status.h"

namespace preseal::sim {

// What firmware and boot loader would have measured before the agent runs, Secure Boot on: the same
// events go into the TPM at `tcti`, which must just have started, and into the log the agent reads.
// Internal: tpm2_pcrextend is missing or failed.
Status MeasureBoot(const std::string& tcti, const std::string& log_file);

}  // namespace preseal::sim
