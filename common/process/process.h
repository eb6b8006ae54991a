// SPDX-License-Identifier: Apache-2.0
// Child processes without a shell: each in a process group of its own, standard input from
// /dev/null, no inherited descriptors, its own environment, and gone when this process dies (a
// Child also when the thread that started it does: PR_SET_PDEATHSIG). Thread-safe.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "common/files/unique_fd.h"
#include "common/status/status.h"

namespace preseal::process {

// Whom a command runs as; never root.
struct Account {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  // all it has beside; the caller's are given up
};

struct Command {
  // argv[0] holds a slash, or is looked up in PATH of `environment`.
  std::vector<std::string> argv;
  // NAME=value; the child's whole environment. See MinimalEnvironment and OwnEnvironment.
  std::vector<std::string> environment;
  std::string working_directory;         // empty: the caller's
  std::chrono::milliseconds timeout{0};  // 0: no limit
  // What TERM may take before KILL follows.
  std::chrono::milliseconds grace{2000};
  // Given up for before the program runs, in a session of its own, so that it cannot type into the
  // caller's terminal. Needs root unless it is the caller's own account. Empty: the caller's.
  std::optional<Account> account;
  // Becomes the program's descriptor 3; -1: it has none.
  int extra_descriptor = -1;
  // Run only: what descends from the program goes when it ends, also what left its group, made a
  // session of its own and cleared its environment. What some service starts on its behalf does not
  // descend from it.
  bool ends_descendants = false;
  // Start only: where both outputs are appended; empty: /dev/null.
  std::string output_file;
};

// PATH with the sbin folders, LANG=C.UTF-8, HOME=/.
std::vector<std::string> MinimalEnvironment();
// This process's environment.
std::vector<std::string> OwnEnvironment();

struct Ending {
  enum class Kind { kExited, kSignalled, kTimedOut, kStopped };
  Kind kind = Kind::kExited;
  int exit_code = 0;  // kExited
  int signal = 0;     // kSignalled
  bool Succeeded() const { return kind == Kind::kExited && exit_code == 0; }
};

enum class Output { kStandard, kError };

// One line without its end, at most kEventTextBytesMax bytes (longer lines come in pieces). Called
// from the thread that called Run.
using LineCallback = std::function<void(Output, std::string_view)>;

// Runs `command` to its end. When it ends, times out or `stop` is asked for, nothing of its process
// group is left: TERM, `grace`, KILL. How it ended is a value. DeadlineExceeded: something that had
// to go does not within kLeftoverKillWithin; Aborted: the process that watches over it was killed,
// and it with that, but maybe not all it started. Other codes mean it never ran: NotFound (no such
// program or working directory), PermissionDenied (of these, or to become `account`),
// FailedPrecondition, InvalidArgument, Internal.
StatusOr<Ending> Run(const Command& command, const LineCallback& on_line,
                     std::stop_token stop = {});

// Run, with standard output collected, at most `bytes_max` bytes of it (the rest is dropped).
struct Captured {
  Ending ending;
  std::string output;
  std::string error;
};
StatusOr<Captured> RunAndCapture(const Command& command, size_t bytes_max = 1024 * 1024);

// A child that works beside the caller (a server, a software TPM). Its group is killed in the
// destructor. `timeout` is not used. Start and drop it on a thread that lives as long.
class Child {
 public:
  static StatusOr<std::unique_ptr<Child>> Start(const Command& command);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }
  bool Running() const;
  // To the child alone, or nothing once it has ended.
  void Signal(int signal);
  // DeadlineExceeded if it still runs after `limit`; may be called again, also after the end.
  StatusOr<Ending> Wait(std::chrono::milliseconds limit);
  // TERM to the group, `grace`, KILL; returns when it is gone.
  void Stop();

 private:
  Child(pid_t pid, UniqueFd pidfd, std::chrono::milliseconds grace);

  pid_t pid_;
  UniqueFd pidfd_;
  std::chrono::milliseconds grace_;
  bool reaped_ = false;
  Ending ending_;
};

// Kills every process whose environment holds exactly `marker` (NAME=value), this process excepted:
// what a killed predecessor's steps left running. Returns how many were found. Returns once they
// are gone; DeadlineExceeded if one is still there after `limit`.
StatusOr<size_t> KillMarked(std::string_view marker, std::chrono::milliseconds limit);

}  // namespace preseal::process
