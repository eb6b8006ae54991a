// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <functional>
#include <mutex>
#include <thread>

#include "common/files/unique_fd.h"

namespace preseal::server::cli {

// While one lives, Ctrl-C and SIGTERM do not end the process: they set `interrupted` and call what
// was given to OnInterrupt. At most one at a time in a process. Starts one thread.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();  // the former signal handlers are back
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  bool interrupted();
  // `action` runs on another thread, at once if it has happened already; an empty one removes it.
  // Once this returns the former action is not running any more.
  void OnInterrupt(std::function<void()> action);
  // False if interrupted before `duration` was over.
  bool WaitFor(std::chrono::milliseconds duration);

 private:
  void WaitForSignal();

  UniqueFd read_end_;
  UniqueFd write_end_;
  struct sigaction former_int_ {};
  struct sigaction former_term_ {};
  std::mutex mutex_;
  std::condition_variable happened_;
  std::function<void()> action_;  // guarded by mutex_
  bool interrupted_ = false;      // guarded by mutex_
  std::thread thread_;
};

}  // namespace preseal::server::cli
