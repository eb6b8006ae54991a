// SPDX-License-Identifier: Apache-2.0
#include "tests/support/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

namespace preseal::test {
namespace {

constexpr size_t kLogTailBytes = 600;

std::string TailOf(const std::string& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  const std::string all = text.str();
  return all.size() <= kLogTailBytes ? all : all.substr(all.size() - kLogTailBytes);
}

// Only async-signal-safe calls: the parent may have threads.
[[noreturn]] void BecomeChild(char* const* argv, int log, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have died before the line above.
  if (::getppid() != parent) ::_exit(127);
  const int null = ::open("/dev/null", O_RDONLY);
  ::dup2(null, STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  // A test process may hold sockets; the child must not keep them open.
  ::close_range(3, ~0u, 0);
  ::execvp(argv[0], argv);
  ::_exit(127);
}

}  // namespace

StatusOr<pid_t> Spawn(const std::vector<std::string>& argv, const std::string& log_file) {
  std::vector<char*> pointers;
  pointers.reserve(argv.size() + 1);
  for (const std::string& arg : argv) pointers.push_back(const_cast<char*>(arg.c_str()));
  pointers.push_back(nullptr);
  const int log = ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) return Internal("cannot open " + log_file);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) BecomeChild(pointers.data(), log, parent);
  ::close(log);
  if (pid < 0) return Internal("fork failed");
  return pid;
}

Status RunTool(const std::vector<std::string>& argv, const std::string& log_file,
               std::chrono::seconds timeout) {
  ASSIGN_OR_RETURN(const pid_t pid, Spawn(argv, log_file));
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  int wait_status = 0;
  while (::waitpid(pid, &wait_status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, &wait_status, 0);
      return DeadlineExceeded(argv[0] + " did not end: " + TailOf(log_file));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0) return OkStatus();
  return Internal(argv[0] + " failed: " + TailOf(log_file));
}

}  // namespace preseal::test
