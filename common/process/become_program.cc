// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "common/process/launch.h"

namespace preseal::process::internal {
namespace {

[[noreturn]] void Fail(int report, char step) {
  const Failure failure{step, errno};
  [[maybe_unused]] const ssize_t put = ::write(report, &failure, sizeof failure);
  ::_exit(127);
}

void ResetSignals() {
  struct sigaction plain {};
  plain.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &plain, nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// By system call: the library's functions would tell the threads that fork left behind.
bool BecomeAccount(const Account& account) {
  if (::syscall(SYS_setgroups, account.groups.size(), account.groups.data()) != 0) return false;
  if (::syscall(SYS_setresgid, account.gid, account.gid, account.gid) != 0) return false;
  if (::syscall(SYS_setresuid, account.uid, account.uid, account.uid) != 0) return false;
  if (::syscall(SYS_setresuid, 0, 0, 0) == 0) return false;  // there must be no way back
  // Keys in the caller's session keyring could be used by whoever inherits it.
  (void)::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
  return true;
}

// A group of its own; for another account also a session, or it could type into our terminal.
bool LeaveGroup(const Launch& launch) {
  return launch.account != nullptr ? ::setsid() >= 0 : ::setpgid(0, 0) == 0;
}

bool PlaceDescriptors(const Launch& launch) {
  if (::dup2(launch.input, 0) < 0 || ::dup2(launch.output, 1) < 0 || ::dup2(launch.error, 2) < 0) {
    return false;
  }
  if (launch.extra >= 0 && ::dup2(launch.extra, 3) < 0) return false;
  return ::close_range(launch.extra >= 0 ? 4 : 3, ~0u, CLOSE_RANGE_CLOEXEC) == 0;
}

}  // namespace

void BecomeProgram(const Launch& launch) {
  if (!LeaveGroup(launch)) Fail(launch.report, 'g');
  if (!PlaceDescriptors(launch)) Fail(launch.report, 'd');
  // As the caller first, who may pass through folders that the account may not; but a home on the
  // network may let in nobody else.
  bool entered = launch.directory == nullptr || ::chdir(launch.directory) == 0;
  if (launch.account != nullptr && !BecomeAccount(*launch.account)) Fail(launch.report, 'u');
  if (!entered) entered = ::chdir(launch.directory) == 0;
  if (!entered) Fail(launch.report, 'w');
  // Cleared by a change of user.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) Fail(launch.report, 'p');
  // The parent may have died before prctl; then nobody would ever stop us.
  if (::getppid() != launch.parent) ::_exit(127);
  ResetSignals();
  ::execve(launch.program.c_str(), launch.argv.data(), launch.environment.data());
  Fail(launch.report, 'x');
}

}  // namespace preseal::process::internal
