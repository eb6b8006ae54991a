// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <vector>

#include "agent/service/session/session_channel.h"

namespace preseal::agent {

// Somebody whose messages the session carries beside the run's events: tokens, buttons, sign-in.
// All calls come from the session's thread and return at once. A guest that has something new to
// say notifies the ChangeSignal.
class SessionGuest {
 public:
  using Time = std::chrono::steady_clock::time_point;

  virtual ~SessionGuest() = default;
  // The server has answered Hello.
  virtual void Connected(const LandingCard& landing, Time now) = 0;
  // A connection has ended, or an attempt at one has failed.
  virtual void Lost() = 0;
  // A message that is neither the session's nor the desk's: TokenState, ActionResult, SignInState,
  // or LandingCard. Every guest gets all of them.
  virtual void Receive(const DownMessage& message, Time now) = 0;
  // What goes up now; asked only while connected, each message is given once.
  virtual std::vector<UpMessage> Due(Time now) = 0;
  // When to ask again if nothing happens before.
  virtual Time NextDue() const = 0;
};

}  // namespace preseal::agent
