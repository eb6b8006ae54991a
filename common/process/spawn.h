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

// A program below a supervisor of its own (launch.h), to which `process` belongs.
struct Supervised {
  Spawned process;  // gone once all is gone
  UniqueFd line;    // readable once the program has ended

  void Terminate() const;
  void Kill() const;
  void KillSupervisor() const;  // and its program with it
  // Aborted if the supervisor was killed: then its program was, but not all that came from it.
  StatusOr<Ending> TakeEnding() const;
};
StatusOr<Supervised> SpawnSupervised(const Command& command, int output, int error);

// The Ending of an ended child, which is reaped.
StatusOr<Ending> Reap(const UniqueFd& pidfd);

// True once the process has ended (as a zombie or for good).
bool WaitForEnd(const UniqueFd& pidfd, std::chrono::milliseconds limit);

}  // namespace preseal::process::internal
