// SPDX-License-Identifier: Apache-2.0
// Inside common/process only.
#pragma once

#include <sys/types.h>

#include "common/files/unique_fd.h"
#include "common/process/process.h"

namespace preseal::process::internal {

struct Spawned {
  pid_t pid = -1;  // also its process group
  UniqueFd pidfd;
};

// fork and exec with `output` and `error` as descriptors 1 and 2. The caller reaps.
StatusOr<Spawned> Spawn(const Command& command, int output, int error);

// The Ending of an ended child, which is reaped.
StatusOr<Ending> Reap(const UniqueFd& pidfd);

}  // namespace preseal::process::internal
