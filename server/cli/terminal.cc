// SPDX-License-Identifier: Apache-2.0
#include "server/cli/terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "common/base/limits.h"
#include "common/files/unique_fd.h"

namespace preseal::server::cli {
namespace {

std::optional<std::string> Environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

std::pair<size_t, size_t> SizeOfOutput() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    return {80, 24};
  }
  return {size.ws_col, size.ws_row};
}

// Turns echo off while it lives. Signals that would end the process with echo off are held back
// until it is on again.
class EchoOff {
 public:
  explicit EchoOff(int fd) : fd_(fd) {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGTSTP}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, &saved_signals_);
    valid_ = tcgetattr(fd_, &saved_) == 0;
    termios quiet = saved_;
    // Ctrl-C must still end the prompt: without ISIG it arrives as a character.
    quiet.c_lflag &= static_cast<tcflag_t>(~(ECHO | ISIG));
    valid_ = valid_ && tcsetattr(fd_, TCSAFLUSH, &quiet) == 0;
  }
  ~EchoOff() {
    if (valid_) tcsetattr(fd_, TCSAFLUSH, &saved_);
    pthread_sigmask(SIG_SETMASK, &saved_signals_, nullptr);
  }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;
  bool valid() const { return valid_; }

 private:
  int fd_;
  termios saved_{};
  sigset_t saved_signals_{};
  bool valid_ = false;
};

constexpr char kCtrlC = 3;
constexpr char kCtrlD = 4;

StatusOr<Secret> ReadHidden(int fd) {
  const EchoOff echo_off(fd);
  if (!echo_off.valid()) {
    return InvalidArgument("cannot turn the terminal's echo off; use --password-stdin");
  }
  Bytes typed;
  typed.reserve(kPasswordBytesMax + 1);  // never reallocated: no unwiped copies
  char c = 0;
  while (read(fd, &c, 1) == 1 && c != '\n') {
    if (c == kCtrlC || c == kCtrlD) return Cancelled("cancelled");
    if (typed.size() >= kPasswordBytesMax) return InvalidArgument("the password is too long");
    typed.push_back(static_cast<uint8_t>(c));
  }
  return Secret(std::move(typed));
}

StatusOr<Secret> AskSecret(std::string_view prompt) {
  const UniqueFd tty(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!tty.valid()) {
    return InvalidArgument("no terminal to ask for a password on; use --password-stdin");
  }
  const auto say = [&tty](std::string_view text) {
    [[maybe_unused]] const ssize_t written = write(tty.get(), text.data(), text.size());
  };
  say(prompt);
  StatusOr<Secret> secret = ReadHidden(tty.get());
  say("\n");
  return secret;
}

}  // namespace

Terminal ProcessTerminal() {
  Terminal terminal;
  terminal.in = &std::cin;
  terminal.out = &std::cout;
  terminal.err = &std::cerr;
  terminal.in_is_terminal = isatty(STDIN_FILENO) == 1;
  terminal.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  terminal.err_is_terminal = isatty(STDERR_FILENO) == 1;
  terminal.environment = Environment;
  terminal.size = SizeOfOutput;
  terminal.ask_secret = AskSecret;
  return terminal;
}

StatusOr<Secret> ReadSecretLine(std::istream& in) {
  Bytes line;
  line.reserve(kPasswordBytesMax + 1);
  for (int c = in.get(); c != '\n'; c = in.get()) {
    if (c == std::istream::traits_type::eof()) {
      if (line.empty()) return InvalidArgument("standard input ended before the password");
      break;
    }
    if (line.size() >= kPasswordBytesMax) return InvalidArgument("the password is too long");
    line.push_back(static_cast<uint8_t>(c));
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return Secret(std::move(line));
}

StatusOr<bool> Confirm(const Terminal& terminal, std::string_view question) {
  if (!terminal.in_is_terminal) {
    return InvalidArgument("nobody to ask: say --yes to go on without a question");
  }
  *terminal.err << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(*terminal.in, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace preseal::server::cli
