// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <thread>

#include "agent/adapters/console/screen.h"
#include "agent/service/person/person_input.h"
#include "common/files/unique_fd.h"
#include "common/status/status.h"

namespace preseal::agent {

// Reads what a person types and hands what it comes to on; one thread. Ends with the input.
class Keyboard {
 public:
  enum class Mode {
    kKeys,   // a terminal, set to give every key at once and to echo none until this is dropped
    kLines,  // anything
  };
  // `fd`, `screen` and `person` must outlive this. FailedPrecondition if `fd` is a terminal that is
  // not this process's to read (it would be stopped), or cannot be set. Internal otherwise.
  static StatusOr<std::unique_ptr<Keyboard>> Open(int fd, Mode mode, Screen& screen,
                                                  PersonInput& person);
  ~Keyboard();
  Keyboard(const Keyboard&) = delete;
  Keyboard& operator=(const Keyboard&) = delete;

 private:
  Keyboard(int fd, UniqueFd stop, Screen& screen, PersonInput& person);
  void Read();

  const int fd_;
  const UniqueFd stop_;  // an eventfd: readable once this is dropped
  Screen& screen_;
  PersonInput& person_;
  std::thread thread_;
};

// Puts a terminal back that a Keyboard has set; otherwise does nothing. Async-signal-safe.
void RestoreKeyboard();

}  // namespace preseal::agent
