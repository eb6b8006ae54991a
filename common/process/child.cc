// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "common/files/files.h"
#include "common/process/process.h"
#include "common/process/spawn.h"

// glibc 2.36 forgot the C linkage in this header.
extern "C" {
#include <sys/pidfd.h>
}

namespace preseal::process {
namespace {

using internal::WaitForEnd;
using std::chrono::steady_clock;

// The environment of process `pid`, empty if it cannot be read (another user's, or gone).
Bytes EnvironmentOf(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/environ";
  return files::Read(path, 4 * 1024 * 1024).value_or(Bytes{});
}

bool Holds(const Bytes& environment, std::string_view marker) {
  std::string_view rest = AsText(environment);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\0'), rest.size());
    if (rest.substr(0, end) == marker) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

std::vector<pid_t> AllProcesses() {
  std::vector<pid_t> pids;
  DIR* proc = ::opendir("/proc");
  if (!proc) return pids;
  while (const dirent* entry = ::readdir(proc)) {
    pid_t pid = 0;
    const char* end = entry->d_name + std::strlen(entry->d_name);
    const auto parsed = std::from_chars(entry->d_name, end, pid);
    if (parsed.ec == std::errc() && parsed.ptr == end) pids.push_back(pid);
  }
  ::closedir(proc);
  return pids;
}

// Descriptors, not numbers: a number may belong to someone else by the time of the kill.
std::vector<UniqueFd> FindMarked(std::string_view marker) {
  std::vector<UniqueFd> found;
  for (const pid_t pid : AllProcesses()) {
    if (pid == ::getpid()) continue;
    UniqueFd pidfd(::pidfd_open(pid, 0));
    if (!pidfd.valid() || WaitForEnd(pidfd, std::chrono::milliseconds(0))) continue;
    if (Holds(EnvironmentOf(pid), marker)) found.push_back(std::move(pidfd));
  }
  return found;
}

}  // namespace

StatusOr<std::unique_ptr<Child>> Child::Start(const Command& command) {
  const std::string& file = command.output_file;
  const UniqueFd output(::open(file.empty() ? "/dev/null" : file.c_str(),
                               O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!output.valid()) return files::FromErrno(errno, "open", file);
  ASSIGN_OR_RETURN(auto spawned, internal::Spawn(command, output.get(), output.get()));
  return std::unique_ptr<Child>(new Child(spawned.pid, std::move(spawned.pidfd), command.grace));
}

Child::Child(pid_t pid, UniqueFd pidfd, std::chrono::milliseconds grace)
    : pid_(pid), pidfd_(std::move(pidfd)), grace_(grace) {}

Child::~Child() {
  if (reaped_) return;
  ::kill(-pid_, SIGKILL);
  (void)internal::Reap(pidfd_);
}

bool Child::Running() const {
  return !reaped_ && !WaitForEnd(pidfd_, std::chrono::milliseconds(0));
}

void Child::Signal(int signal) {
  if (!reaped_) ::pidfd_send_signal(pidfd_.get(), signal, nullptr, 0);
}

StatusOr<Ending> Child::Wait(std::chrono::milliseconds limit) {
  if (reaped_) return ending_;
  if (!WaitForEnd(pidfd_, limit)) return DeadlineExceeded("child still runs");
  ::kill(-pid_, SIGKILL);  // what it left in its group, while its number is still taken
  ASSIGN_OR_RETURN(ending_, internal::Reap(pidfd_));
  reaped_ = true;
  return ending_;
}

void Child::Stop() {
  if (reaped_) return;
  ::kill(-pid_, SIGTERM);
  if (!WaitForEnd(pidfd_, grace_)) ::kill(-pid_, SIGKILL);
  (void)Wait(std::chrono::hours(1));
}

StatusOr<size_t> KillMarked(std::string_view marker, std::chrono::milliseconds limit) {
  const auto deadline = steady_clock::now() + limit;
  size_t total = 0;
  // Again until a pass finds none: one of them may have forked between our look and our kill.
  while (true) {
    const std::vector<UniqueFd> found = FindMarked(marker);
    if (found.empty()) return total;
    total += found.size();
    for (const UniqueFd& pidfd : found) ::pidfd_send_signal(pidfd.get(), SIGKILL, nullptr, 0);
    for (const UniqueFd& pidfd : found) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
      if (!WaitForEnd(pidfd, left)) return DeadlineExceeded("a marked process does not end");
    }
  }
}

}  // namespace preseal::process
