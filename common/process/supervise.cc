// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/process/launch.h"

namespace preseal::process::internal {
namespace {

constexpr int kLine = 3;
// A child may be given to us without a word, so we look again.
constexpr int kLookAgainMs = 20;

// -1 if `text` is no number.
pid_t NumberIn(const char* text) {
  pid_t number = 0;
  if (*text == '\0') return -1;
  for (; *text != '\0'; ++text) {
    if (*text < '0' || *text > '9') return -1;
    number = number * 10 + (*text - '0');
  }
  return number;
}

// From the line of /proc/PID/stat: "PID (NAME) STATE PARENT ...", where NAME may hold anything.
pid_t ParentIn(char* stat) {
  const char* name_end = std::strrchr(stat, ')');
  if (name_end == nullptr || std::strlen(name_end) < 5) return -1;
  char* parent = stat + (name_end - stat) + 4;
  char* end = std::strchr(parent, ' ');
  if (end == nullptr) return -1;
  *end = '\0';
  return NumberIn(parent);
}

pid_t ParentOf(int proc, const char* pid) {
  char path[32] = {};
  if (std::strlen(pid) + sizeof "/stat" > sizeof path) return -1;
  std::strcpy(path, pid);
  std::strcat(path, "/stat");
  const int file = ::openat(proc, path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  char stat[512];
  const ssize_t got = ::read(file, stat, sizeof stat - 1);
  ::close(file);
  if (got <= 0) return -1;
  stat[got] = '\0';
  return ParentIn(stat);
}

// Without readdir, which allocates.
void KillChildren() {
  const pid_t self = ::getpid();
  const int proc = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (proc < 0) return;
  alignas(dirent64) char entries[8192];
  ssize_t got;
  while ((got = ::getdents64(proc, entries, sizeof entries)) > 0) {
    for (ssize_t at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(entries + at);
      at += entry->d_reclen;
      const pid_t pid = NumberIn(entry->d_name);
      if (pid > 0 && ParentOf(proc, entry->d_name) == self) ::kill(pid, SIGKILL);
    }
  }
  ::close(proc);
}

class Supervisor {
 public:
  Supervisor(pid_t program, int signals, bool descendants)
      : program_(program), signals_(signals), descendants_(descendants) {}

  [[noreturn]] void Run() {
    while (true) {
      while (ReapOne()) {
      }
      if (killing_ && descendants_) KillChildren();
      Wait();
    }
  }

 private:
  // Ends this process when no child is left.
  bool ReapOne() {
    siginfo_t info{};
    // Left unreaped for a moment: that keeps the group's number from being given to someone else.
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) ::_exit(0);
    if (info.si_pid == 0) return false;
    if (info.si_pid == program_) ::kill(-program_, SIGKILL);
    int status = 0;
    ::waitpid(info.si_pid, &status, 0);
    if (info.si_pid == program_) OnEnd(status);
    return true;
  }

  void OnEnd(int status) {
    ended_ = true;
    killing_ = true;
    ::send(kLine, &status, sizeof status, MSG_NOSIGNAL);
    if (!descendants_) ::_exit(0);
  }

  void Wait() {
    pollfd fds[2] = {{signals_, POLLIN, 0}, {killing_ ? -1 : kLine, POLLIN, 0}};
    ::poll(fds, 2, killing_ ? kLookAgainMs : -1);
    signalfd_siginfo drained;
    while (::read(signals_, &drained, sizeof drained) > 0) {
    }
    if (fds[1].revents != 0) TakeOrder();
  }

  void TakeOrder() {
    char order = kOrderKill;
    const ssize_t got = ::recv(kLine, &order, 1, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    const bool terminate = got == 1 && order == kOrderTerminate;
    if (!terminate) killing_ = true;
    if (!ended_) ::kill(-program_, terminate ? SIGTERM : SIGKILL);
  }

  const pid_t program_;  // also its process group
  const int signals_;
  const bool descendants_;
  bool killing_ = false;
  bool ended_ = false;
};

// Everything the caller had open, locks and pipes among it, must not live on here.
void LeaveDescriptors(const Launch& launch, int line) {
  for (int number = 0; number < kLine; ++number) ::dup2(launch.input, number);
  ::dup2(line, kLine);
  ::close_range(kLine + 1, ~0u, 0);
}

}  // namespace

// Every signal is blocked here since before fork; only KILL ends us.
void Supervise(Launch& launch, int line, bool descendants) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_NAME, "preseal-command");
  if (descendants) ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  launch.parent = ::getpid();
  // Not fork, which may only be called where no other thread was.
  const pid_t program = ::_Fork();
  if (program == 0) BecomeProgram(launch);
  if (program < 0) {
    const Failure failure{'f', errno};
    [[maybe_unused]] const ssize_t put = ::write(launch.report, &failure, sizeof failure);
    ::_exit(127);
  }
  LeaveDescriptors(launch, line);
  sigset_t ended;
  sigemptyset(&ended);
  sigaddset(&ended, SIGCHLD);
  Supervisor(program, ::signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK), descendants).Run();
}

}  // namespace preseal::process::internal
