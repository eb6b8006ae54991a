// SPDX-License-Identifier: Apache-2.0
#include "server/cli/interrupts.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <utility>

namespace preseal::server::cli {
namespace {

constexpr char kSignalled = 's';
constexpr char kStop = 'x';

// All that the handler may touch.
std::atomic<int> wake_descriptor{-1};

void HandleSignal(int /*signal*/) {
  const int saved_errno = errno;
  const int fd = wake_descriptor;
  if (fd >= 0) {
    [[maybe_unused]] const ssize_t written = write(fd, &kSignalled, 1);
  }
  errno = saved_errno;
}

}  // namespace

Interrupts::Interrupts() {
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) return;  // then Ctrl-C ends the process as it always does
  read_end_ = UniqueFd(ends[0]);
  write_end_ = UniqueFd(ends[1]);
  wake_descriptor = write_end_.get();
  thread_ = std::thread([this] { WaitForSignal(); });
  struct sigaction action {};
  action.sa_handler = HandleSignal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, &former_int_);
  sigaction(SIGTERM, &action, &former_term_);
}

Interrupts::~Interrupts() {
  if (!thread_.joinable()) return;
  sigaction(SIGINT, &former_int_, nullptr);
  sigaction(SIGTERM, &former_term_, nullptr);
  wake_descriptor = -1;
  [[maybe_unused]] const ssize_t written = write(write_end_.get(), &kStop, 1);
  thread_.join();
}

bool Interrupts::interrupted() {
  const std::lock_guard lock(mutex_);
  return interrupted_;
}

void Interrupts::OnInterrupt(std::function<void()> action) {
  const std::lock_guard lock(mutex_);
  action_ = std::move(action);
  if (interrupted_ && action_) action_();
}

bool Interrupts::WaitFor(std::chrono::milliseconds duration) {
  std::unique_lock lock(mutex_);
  return !happened_.wait_for(lock, duration, [this] { return interrupted_; });
}

void Interrupts::WaitForSignal() {
  char what = 0;
  while (true) {
    const ssize_t got = read(read_end_.get(), &what, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got != 1 || what == kStop) return;
    {
      // Held during the action, so that OnInterrupt can promise it is over; actions only cancel.
      const std::lock_guard lock(mutex_);
      interrupted_ = true;
      if (action_) action_();
    }
    happened_.notify_all();
  }
}

}  // namespace preseal::server::cli
