// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <thread>

#include "agent/adapters/console/console.h"
#include "agent/app/agent.h"
#include "agent/app/options.h"
#include "common/log/log.h"

namespace {

constexpr int kExitFailed = 1;
constexpr int kExitRefused = 3;
constexpr int kExitInterrupted = 130;

sigset_t EndSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  return signals;
}

// The first signal asks everything to stop, the second one ends the process.
void WatchSignals(std::stop_token done, std::stop_source stop) {
  const sigset_t signals = EndSignals();
  const timespec tick{0, 200'000'000};
  while (!done.stop_requested()) {
    if (::sigtimedwait(&signals, nullptr, &tick) <= 0) continue;
    if (stop.stop_requested()) {
      preseal::agent::RestoreTerminal();
      std::_Exit(kExitInterrupted);
    }
    stop.request_stop();
  }
}

int Run(const preseal::agent::Options& options) {
  preseal::log::SetLevel(options.log_level);
  // Before any thread is started: all inherit it, only the watcher takes signals.
  const sigset_t signals = EndSignals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  std::stop_source stop;
  const std::jthread watcher(WatchSignals, stop);
  const auto end = preseal::agent::RunAgent(options, stop.get_token());
  if (!end.ok()) {
    preseal::log::Error("agent cannot go on", {{"error", preseal::ToString(end.status())}});
    // The full screen is gone and the log goes to a file: whoever stands there must learn why.
    if (::isatty(STDOUT_FILENO) == 1 && ::isatty(STDERR_FILENO) != 1) {
      std::printf("preseal-agent cannot go on: %s\n", preseal::ToString(end.status()).c_str());
    }
    return kExitFailed;
  }
  switch (*end) {
    case preseal::agent::AgentEnd::kStopped:
    case preseal::agent::AgentEnd::kInService:
      return 0;
    case preseal::agent::AgentEnd::kSealed:
      return preseal::agent::RunPowerOff(options.power_off);
    case preseal::agent::AgentEnd::kRefused:
      return kExitRefused;
    case preseal::agent::AgentEnd::kRestart:
      return preseal::agent::kExitRestart;
  }
  return kExitFailed;
}

}  // namespace

int main(int argc, char** argv) {
  const auto parsed = preseal::agent::ParseOptions(argc, argv);
  return parsed.run ? Run(parsed.options) : parsed.exit_code;
}
