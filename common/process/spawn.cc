// SPDX-License-Identifier: Apache-2.0
#include "common/process/spawn.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>

#include "common/files/files.h"

// glibc 2.36 forgot the C linkage in this header.
extern "C" {
#include <sys/pidfd.h>
}

namespace preseal::process::internal {
namespace {

// Everything the child needs, laid out before fork: after it only async-signal-safe calls are
// allowed, because another thread may have held any lock.
struct Launch {
  std::string program;
  std::vector<char*> argv;
  std::vector<char*> environment;
  const char* directory = nullptr;
  int input = -1, output = -1, error = -1;
  int report = -1;
  pid_t parent = 0;
};

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

[[noreturn]] void Fail(int report, char step) {
  const int error = errno;
  char message[1 + sizeof error] = {step};
  std::memcpy(message + 1, &error, sizeof error);
  [[maybe_unused]] const ssize_t put = ::write(report, message, sizeof message);
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

[[noreturn]] void BecomeProgram(const Launch& launch) {
  if (::setpgid(0, 0) != 0) Fail(launch.report, 'g');
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) Fail(launch.report, 'p');
  // The parent may have died before prctl; then nobody would ever stop us.
  if (::getppid() != launch.parent) ::_exit(127);
  if (::dup2(launch.input, 0) < 0 || ::dup2(launch.output, 1) < 0 || ::dup2(launch.error, 2) < 0) {
    Fail(launch.report, 'd');
  }
  if (::close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) != 0) Fail(launch.report, 'c');
  if (launch.directory && ::chdir(launch.directory) != 0) Fail(launch.report, 'w');
  ResetSignals();
  ::execve(launch.program.c_str(), launch.argv.data(), launch.environment.data());
  Fail(launch.report, 'x');
}

// Empty pipe: exec succeeded and closed it.
Status ReadReport(int report, const Launch& launch) {
  char message[1 + sizeof(int)];
  ssize_t got;
  do {
    got = ::read(report, message, sizeof message);
  } while (got < 0 && errno == EINTR);
  if (got != sizeof message) return OkStatus();
  int error;
  std::memcpy(&error, message + 1, sizeof error);
  if (message[0] == 'w') return files::FromErrno(error, "enter", launch.directory);
  if (message[0] == 'x') return files::FromErrno(error, "run", launch.program);
  return files::FromErrno(error, "prepare", launch.program);
}

StatusOr<Spawned> Fork(const Launch& launch, int report_read) {
  sigset_t all, before;
  sigfillset(&all);
  // A handler of ours must not run in the child between fork and exec.
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::fork();
  if (pid == 0) BecomeProgram(launch);
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

}  // namespace

StatusOr<Spawned> Spawn(const Command& command, int output, int error) {
  Launch launch;
  ASSIGN_OR_RETURN(launch.program, FindProgram(command));
  launch.argv = Pointers(command.argv);
  launch.environment = Pointers(command.environment);
  if (!command.working_directory.empty()) launch.directory = command.working_directory.c_str();
  const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!nothing.valid()) return files::FromErrno(errno, "open", "/dev/null");
  launch.input = nothing.get();
  launch.output = output;
  launch.error = error;
  launch.parent = ::getpid();
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return files::FromErrno(errno, "pipe for", launch.program);
  const UniqueFd report_read(report[0]);
  launch.report = report[1];
  return Fork(launch, report_read.get());
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

}  // namespace preseal::process::internal
