// SPDX-License-Identifier: Apache-2.0
#include "common/process/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "common/base/limits.h"
#include "common/files/files.h"
#include "common/process/lines.h"
#include "common/process/spawn.h"

namespace preseal::process {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;
using std::chrono::steady_clock;

struct Pipe {
  UniqueFd read, write;
};

StatusOr<Pipe> MakePipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return files::FromErrno(errno, "make", "pipe");
  Pipe pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
  ::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK);
  return pipe;
}

// Reads both outputs and watches the child until it and all that goes with it are gone.
class Pump {
 public:
  Pump(const Command& command, internal::Supervised child, UniqueFd output, UniqueFd error,
       const LineCallback& on_line)
      : child_(std::move(child)),
        grace_(command.grace),
        lines_{Stream{std::move(output), Splitter(Output::kStandard, on_line)},
               Stream{std::move(error), Splitter(Output::kError, on_line)}} {
    if (command.timeout.count() > 0) deadline_ = steady_clock::now() + command.timeout;
  }

  StatusOr<Ending> RunToEnd(int stop_fd) {
    while (!leader_ended_ || lines_[0].fd.valid() || lines_[1].fd.valid()) PollOnce(stop_fd);
    for (Stream& stream : lines_) stream.splitter.Finish();
    auto ending = child_.TakeEnding();
    if (!internal::WaitForEnd(child_.process.pidfd, kLeftoverKillWithin)) {
      // Its supervisor goes on trying.
      return DeadlineExceeded("what a command started does not end");
    }
    RETURN_IF_ERROR(internal::Reap(child_.process.pidfd).status());
    RETURN_IF_ERROR(ending.status());
    if (cut_short_) ending->kind = *cut_short_;
    return ending;
  }

 private:
  struct Stream {
    UniqueFd fd;
    internal::LineSplitter splitter;
  };
  enum class Phase { kRunning, kTerminating, kKilled, kAbandoned };

  static internal::LineSplitter Splitter(Output output, const LineCallback& on_line) {
    return internal::LineSplitter(kEventTextBytesMax, [output, &on_line](std::string_view line) {
      if (on_line) on_line(output, line);
    });
  }

  int PollTimeout() const {
    if (!deadline_) return -1;
    const auto left = *deadline_ - steady_clock::now();
    // Rounded up, so that we never wake a moment early and spin.
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    return static_cast<int>(std::clamp<int64_t>(ms, 0, 60'000));
  }

  void PollOnce(int stop_fd) {
    pollfd fds[4] = {{lines_[0].fd.get(), POLLIN, 0},
                     {lines_[1].fd.get(), POLLIN, 0},
                     {leader_ended_ ? -1 : child_.line.get(), POLLIN, 0},
                     {phase_ == Phase::kRunning ? stop_fd : -1, POLLIN, 0}};
    ::poll(fds, 4, PollTimeout());
    for (int i = 0; i < 2; ++i) {
      if (fds[i].revents != 0) ReadSome(lines_[i]);
    }
    if (fds[3].revents != 0) Terminate(Ending::Kind::kStopped);
    if (fds[2].revents != 0) {
      leader_ended_ = true;
      // Its supervisor kills what it left, or it could hold our pipes open for ever.
      if (phase_ == Phase::kRunning) StartDrain();
    }
    if (deadline_ && steady_clock::now() >= *deadline_) OnDeadline();
  }

  void ReadSome(Stream& stream) {
    char buffer[16 * 1024];
    const ssize_t got = ::read(stream.fd.get(), buffer, sizeof buffer);
    if (got > 0) {
      stream.splitter.Feed({buffer, static_cast<size_t>(got)});
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
      stream.fd.Close();
    }
  }

  void Terminate(Ending::Kind why) {
    cut_short_ = why;
    phase_ = Phase::kTerminating;
    deadline_ = steady_clock::now() + grace_;
    child_.Terminate();
  }

  void StartDrain() {
    phase_ = Phase::kKilled;
    deadline_ = steady_clock::now() + kProcessDrainMax;
  }

  void OnDeadline() {
    switch (phase_) {
      case Phase::kRunning:
        return Terminate(Ending::Kind::kTimedOut);
      case Phase::kTerminating:
        child_.Kill();
        return StartDrain();
      case Phase::kKilled:
        // A process that left the group holds a pipe: its output is no longer the command's.
        for (Stream& stream : lines_) stream.fd.Close();
        phase_ = Phase::kAbandoned;
        deadline_ = steady_clock::now() + kLeftoverKillWithin;
        return;
      case Phase::kAbandoned:
        // Its supervisor does not even report its end: somebody stopped it.
        child_.KillSupervisor();
        deadline_.reset();
        return;
    }
  }

  const internal::Supervised child_;
  std::chrono::milliseconds grace_;
  Stream lines_[2];
  std::optional<SteadyTime> deadline_;
  Phase phase_ = Phase::kRunning;
  bool leader_ended_ = false;
  std::optional<Ending::Kind> cut_short_;
};

}  // namespace

std::vector<std::string> MinimalEnvironment() {
  return {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
          "LC_ALL=C.UTF-8", "HOME=/"};
}

std::vector<std::string> OwnEnvironment() {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry; ++entry) environment.emplace_back(*entry);
  return environment;
}

StatusOr<Ending> Run(const Command& command, const LineCallback& on_line, std::stop_token stop) {
  ASSIGN_OR_RETURN(Pipe output, MakePipe());
  ASSIGN_OR_RETURN(Pipe error, MakePipe());
  const UniqueFd stop_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop_fd.valid()) return files::FromErrno(errno, "make", "eventfd");
  ASSIGN_OR_RETURN(auto child,
                   internal::SpawnSupervised(command, output.write.get(), error.write.get()));
  output.write.Close();
  error.write.Close();
  const std::stop_callback wake(stop, [fd = stop_fd.get()] { ::eventfd_write(fd, 1); });
  Pump pump(command, std::move(child), std::move(output.read), std::move(error.read), on_line);
  return pump.RunToEnd(stop_fd.get());
}

StatusOr<Captured> RunAndCapture(const Command& command, size_t bytes_max) {
  Captured captured;
  const auto collect = [&captured, bytes_max](Output from, std::string_view line) {
    std::string& text = from == Output::kStandard ? captured.output : captured.error;
    if (text.size() + line.size() + 1 > bytes_max) return;
    text.append(line).push_back('\n');
  };
  ASSIGN_OR_RETURN(captured.ending, Run(command, collect));
  return captured;
}

}  // namespace preseal::process
