// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/console/keyboard.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <utility>

#include "common/files/files.h"

namespace preseal::agent {
namespace {

// The terminal a Keyboard has set, -1 if none, and how it was: all that a signal handler may look
// at. The settings are written before the descriptor.
std::atomic<int> set_terminal{-1};
termios settings_before;

Status SetKeys(int fd) {
  if (::isatty(fd) != 1) return FailedPrecondition("the input is no terminal");
  // Reading or setting it from the background would stop the whole process.
  if (::tcgetpgrp(fd) != ::getpgrp()) {
    return FailedPrecondition("the terminal belongs to another process");
  }
  if (::tcgetattr(fd, &settings_before) != 0) return files::FromErrno(errno, "look at", "terminal");
  termios keys = settings_before;
  // Signals by keys stay: Ctrl-C must end the agent.
  keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  keys.c_cc[VMIN] = 1;
  keys.c_cc[VTIME] = 0;
  if (::tcsetattr(fd, TCSANOW, &keys) != 0) return files::FromErrno(errno, "set", "terminal");
  set_terminal = fd;
  return OkStatus();
}

}  // namespace

void RestoreKeyboard() {
  const int fd = set_terminal.exchange(-1);
  if (fd >= 0) ::tcsetattr(fd, TCSANOW, &settings_before);
}

StatusOr<std::unique_ptr<Keyboard>> Keyboard::Open(int fd, Mode mode, Screen& screen,
                                                   PersonInput& person) {
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  if (!stop.valid()) return files::FromErrno(errno, "make", "eventfd");
  if (mode == Mode::kKeys) RETURN_IF_ERROR(SetKeys(fd));
  return std::unique_ptr<Keyboard>(new Keyboard(fd, std::move(stop), screen, person));
}

Keyboard::Keyboard(int fd, UniqueFd stop, Screen& screen, PersonInput& person)
    : fd_(fd), stop_(std::move(stop)), screen_(screen), person_(person) {
  thread_ = std::thread([this] { Read(); });
}

Keyboard::~Keyboard() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(stop_.get(), &one, sizeof one);
  thread_.join();
  RestoreKeyboard();
}

void Keyboard::Read() {
  std::array<pollfd, 2> waits = {pollfd{.fd = fd_, .events = POLLIN, .revents = 0},
                                 pollfd{.fd = stop_.get(), .events = POLLIN, .revents = 0}};
  char buffer[256];
  while (true) {
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return;
    if (waits[1].revents != 0) return;
    if (waits[0].revents == 0) continue;
    const ssize_t got = ::read(fd_, buffer, sizeof buffer);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return;
    for (const InputEvent& event : screen_.Typed({buffer, static_cast<size_t>(got)})) {
      if (event.action) {
        person_.Pressed(*event.action);
      } else {
        person_.Answered(event.question_id, event.answer);
      }
    }
  }
}

}  // namespace preseal::agent
