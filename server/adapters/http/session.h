// SPDX-License-Identifier: Apache-2.0
// The seam between a connection (socket, TLS, timers) and the protocol spoken on it. Sessions do no
// I/O, so that tests can drive them in memory.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "server/adapters/http/exchange.h"
#include "server/adapters/http/web_limits.h"

namespace preseal::server::http {

using SteadyTime = std::chrono::steady_clock::time_point;
inline constexpr SteadyTime kNever = SteadyTime::max();

// What all sessions of a listener share; outlives them.
struct SessionContext {
  WebLimits limits;
  Headers standard_headers;  // go into every response
  std::shared_ptr<BodyBudget> budget;
  Handler handler;
};

// What a session and its responders need of the connection.
class Link {
 public:
  virtual ~Link() = default;
  // Runs `work` on the connection's strand. Thread-safe.
  virtual void Post(std::function<void()> work) = 0;
  // There is something to do: the connection will call Advance and TakeOutput soon. On the strand.
  virtual void Wake() = 0;
  virtual const std::string& peer() const = 0;
};

// One protocol on one connection. All calls are on the connection's strand, and never from inside
// another call on the same session.
class Session {
 public:
  virtual ~Session() = default;

  // Bytes from the peer. Only stores and parses; handlers run in Advance.
  virtual void Receive(std::string_view bytes) = 0;
  // Hands complete requests to the handler, tells producers about room and about lost peers.
  virtual void Advance() = 0;
  // Appends bytes for the peer to `out` until it holds about `bytes_max`.
  virtual void TakeOutput(std::string* out, size_t bytes_max) = 0;

  virtual bool wants_input() const = 0;
  // No request is running and none will be accepted: close once all output is written.
  virtual bool finished() const = 0;

  // When OnDeadline must be called, kNever if nothing is being waited for.
  virtual SteadyTime deadline() const = 0;
  virtual void OnDeadline(SteadyTime now) = 0;

  // Finish what runs, accept nothing more.
  virtual void Drain() = 0;
  // The peer is gone: every running exchange is closed.
  virtual void Lost() = 0;
};

// "Sun, 06 Nov 1994 08:49:37 GMT" of now (RFC 9110 section "Date/Time Formats").
std::string HttpDate();

}  // namespace preseal::server::http
