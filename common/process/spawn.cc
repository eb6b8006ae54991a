// SPDX-License-Identifier: Apache-2.0
#include "common/process/spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "common/files/files.h"
#include "common/process/launch.h"

// glibc 2.36 forgot the C linkage in this header.
extern "C" {
#include <sys/pidfd.h>
}

namespace preseal::process::internal {
namespace {

using std::chrono::steady_clock;

// Above those that a child's own are put on.
constexpr int kLowestSpare = 10;

std::string_view PathOf(const std::vector<std::string>& environment) {
  for (const std::string& entry : environment) {
    if (entry.starts_with("PATH=")) return std::string_view(entry).substr(5);
  }
  return "/usr/sbin:/usr/bin:/sbin:/bin";
}

StatusOr<std::string> FindProgram(const Command& command) {
  if (command.argv.empty() || command.argv[0].empty()) return InvalidArgument("empty command");
  const std::string& name = command.argv[0];
  if (name.find('/') != std::string::npos) return name;
  std::string_view rest = PathOf(command.environment);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(':'), rest.size());
    const std::string candidate = std::string(rest.substr(0, end)) + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return NotFound("no program " + name + " in PATH");
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Null where nothing has to change.
StatusOr<const Account*> AccountOf(const Command& command) {
  if (!command.account) return nullptr;
  const Account& account = *command.account;
  if (account.uid == 0) return InvalidArgument("a command's account must not be root");
  if (::geteuid() == 0) return &account;
  if (account.uid == ::geteuid() && account.gid == ::getegid()) return nullptr;
  return PermissionDenied("only root can run a command for another account");
}

// Empty pipe: exec succeeded and closed it.
Status ReadReport(int report, const Launch& launch) {
  Failure failure;
  ssize_t got;
  do {
    got = ::read(report, &failure, sizeof failure);
  } while (got < 0 && errno == EINTR);
  if (got != sizeof failure) return OkStatus();
  switch (failure.step) {
    case 'w':
      return files::FromErrno(failure.error, "enter", launch.directory);
    case 'x':
      return files::FromErrno(failure.error, "run", launch.program);
    case 'u':
      return files::FromErrno(failure.error, "become the account for", launch.program);
    default:
      return files::FromErrno(failure.error, "prepare", launch.program);
  }
}

StatusOr<Spawned> Fork(Launch& launch, int report_read, const std::function<void()>& in_child) {
  sigset_t all, before;
  sigfillset(&all);
  // A handler of ours must not run in the child between fork and exec.
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::fork();
  if (pid == 0) in_child();
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return files::FromErrno(error, "fork for", launch.program);
  ::close(launch.report);
  const Status status = ReadReport(report_read, launch);
  Spawned spawned{pid, UniqueFd(::pidfd_open(pid, 0))};
  if (!status.ok() || !spawned.pidfd.valid()) {
    const int pidfd_error = errno;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return status.ok() ? files::FromErrno(pidfd_error, "watch", launch.program) : status;
  }
  return spawned;
}

// Lays everything out and forks; `in_child` must not return.
StatusOr<Spawned> ForkWith(const Command& command, int output, int error,
                           const std::function<void(Launch&)>& in_child) {
  Launch launch;
  ASSIGN_OR_RETURN(launch.program, FindProgram(command));
  ASSIGN_OR_RETURN(launch.account, AccountOf(command));
  launch.argv = Pointers(command.argv);
  launch.environment = Pointers(command.environment);
  if (!command.working_directory.empty()) launch.directory = command.working_directory.c_str();
  const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!nothing.valid()) return files::FromErrno(errno, "open", "/dev/null");
  UniqueFd extra;
  if (command.extra_descriptor >= 0) {
    extra = UniqueFd(::fcntl(command.extra_descriptor, F_DUPFD_CLOEXEC, kLowestSpare));
    if (!extra.valid()) return files::FromErrno(errno, "hand on a file to", launch.program);
  }
  launch.input = nothing.get();
  launch.output = output;
  launch.error = error;
  launch.extra = extra.get();
  launch.parent = ::getpid();
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return files::FromErrno(errno, "pipe for", launch.program);
  const UniqueFd report_read(report[0]);
  launch.report = ::fcntl(report[1], F_DUPFD_CLOEXEC, kLowestSpare);
  ::close(report[1]);
  if (launch.report < 0) return files::FromErrno(errno, "pipe for", launch.program);
  return Fork(launch, report_read.get(), [&] { in_child(launch); });
}

Ending EndingOf(int status) {
  Ending ending;
  if (WIFEXITED(status)) {
    ending.exit_code = WEXITSTATUS(status);
  } else {
    ending.kind = Ending::Kind::kSignalled;
    ending.signal = WTERMSIG(status);
  }
  return ending;
}

}  // namespace

StatusOr<Spawned> Spawn(const Command& command, int output, int error) {
  return ForkWith(command, output, error, [](Launch& launch) { BecomeProgram(launch); });
}

StatusOr<Supervised> SpawnSupervised(const Command& command, int output, int error) {
  int line[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line) != 0) {
    return files::FromErrno(errno, "make", "socket pair");
  }
  Supervised supervised{{}, UniqueFd(line[0])};
  const UniqueFd theirs(line[1]);
  ASSIGN_OR_RETURN(supervised.process, ForkWith(command, output, error, [&](Launch& launch) {
                     Supervise(launch, theirs.get(), command.ends_descendants);
                   }));
  return supervised;
}

void Supervised::Terminate() const { ::send(line.get(), &kOrderTerminate, 1, MSG_NOSIGNAL); }

void Supervised::Kill() const { ::send(line.get(), &kOrderKill, 1, MSG_NOSIGNAL); }

void Supervised::KillSupervisor() const {
  ::pidfd_send_signal(process.pidfd.get(), SIGKILL, nullptr, 0);
}

StatusOr<Ending> Supervised::TakeEnding() const {
  int status = 0;
  ssize_t got;
  do {
    got = ::recv(line.get(), &status, sizeof status, 0);
  } while (got < 0 && errno == EINTR);
  if (got != sizeof status) return Aborted("the process that watches over a command was killed");
  return EndingOf(status);
}

StatusOr<Ending> Reap(const UniqueFd& pidfd) {
  siginfo_t info{};
  int result;
  do {
    result = ::waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, WEXITED);
  } while (result != 0 && errno == EINTR);
  if (result != 0) return files::FromErrno(errno, "wait for", "child");
  Ending ending;
  if (info.si_code == CLD_EXITED) {
    ending.exit_code = info.si_status;
  } else {
    ending.kind = Ending::Kind::kSignalled;
    ending.signal = info.si_status;
  }
  return ending;
}

bool WaitForEnd(const UniqueFd& pidfd, std::chrono::milliseconds limit) {
  const auto deadline = steady_clock::now() + limit;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
    pollfd fd{pidfd.get(), POLLIN, 0};
    const int ready = ::poll(&fd, 1, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready > 0) return true;
    if (ready == 0) return false;
  }
}

}  // namespace preseal::process::internal
