// SPDX-License-Identifier: Apache-2.0
// Inside common/process only: what happens between fork and exec, where only async-signal-safe
// calls are allowed, because another thread may have held any lock.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "common/process/process.h"

namespace preseal::process::internal {

// Everything the child needs, laid out before fork.
struct Launch {
  std::string program;
  std::vector<char*> argv;
  std::vector<char*> environment;
  const char* directory = nullptr;
  const Account* account = nullptr;  // null: the caller's
  int input = -1, output = -1, error = -1;
  int extra = -1;   // becomes descriptor 3; -1: none
  int report = -1;  // closed by exec, or told why it failed; above 3
  pid_t parent = 0;
};

// What is written to Launch::report.
struct Failure {
  char step = 0;  // 'w': entering the directory, 'u': becoming the account, 'x': exec
  int error = 0;
};

// In the child: never returns to the caller's code.
[[noreturn]] void BecomeProgram(const Launch& launch);

// What a supervisor is told and says over its line, a socket that keeps messages apart.
inline constexpr char kOrderTerminate = 'T';  // TERM to the program's group
inline constexpr char kOrderKill = 'K';       // KILL, to all it answers for
// It says the program's wait status, an int, once. A line that is closed means kill.

// In a child, between the caller and the program, whose parent it is: runs it, reaps, and kills the
// program's group when the program has ended. With `descendants` it is the reaper of all that
// descends from the program, whatever session or environment that has given itself (subreaper,
// prctl(2)), kills that too, and ends when none is left. Kills only its own children, which nobody
// else reaps, so no number can have been given to another process meanwhile.
[[noreturn]] void Supervise(Launch& launch, int line, bool descendants);

}  // namespace preseal::process::internal
