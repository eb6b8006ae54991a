// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/domain/back_off.h"
#include "agent/service/change_signal.h"
#include "agent/service/enrollment/renewer.h"
#include "agent/service/run/run_desk.h"
#include "agent/service/session/session_channel.h"
#include "agent/service/session/session_guest.h"
#include "agent/service/status_display.h"
#include "common/base/clock.h"
#include "common/base/limits.h"

namespace preseal::agent {

// All borrowed.
struct SessionPorts {
  SessionDialer& dialer;
  RunDesk& desk;
  StatusDisplay& display;
  const Clock& clock;
  ChangeSignal& signal;
  std::function<double()> chance;         // uniform in [0, 1), for jitter
  CertificateRenewer* renewer = nullptr;  // null: orders for renewal are not answered
  std::vector<SessionGuest*> guests;
  std::function<bool()> in_service;  // user flow: whether all is done and known to the server
};

// Tests make these short.
struct SessionTiming {
  std::chrono::milliseconds reconnect_first = kReconnectFirst;
  std::chrono::milliseconds reconnect_longest = kReconnectLongest;
  std::chrono::milliseconds blocked_retry = kBlockedRetry;
  std::chrono::milliseconds welcome_within = kWelcomeWithin;
  std::chrono::milliseconds goodbye_within = kGoodbyeWithin;
  std::chrono::milliseconds end_within = kStreamEndWithin;
  std::chrono::milliseconds identity_refused_after = kIdentityRefusedAfter;
};

enum class SessionEnd {
  kStopped,
  kSealed,           // the last word is said: power off
  kIdentityRefused,  // the server is there but does not take our certificate: enrol again
  kDeskFailed,       // RunDesk::failure says why
  kRestart,          // RunDesk::RestartWanted: the device is to be restarted
  kInService,        // the user flow has ended well and the server knows
};

// Keeps the device's stream to the server: connects, introduces itself, delivers every event until
// it is acked, passes orders to the desk, proves life; reconnects with back-off for as long as it
// takes. An event leaves the spool only by its ack. For use by one thread.
class Session {
 public:
  explicit Session(SessionPorts ports, SessionTiming timing = {}, Flow flow = Flow::kTechnician);

  // Returns only for one of the reasons in SessionEnd. May be called again after kRestart, when the
  // device could not be restarted and the desk knows.
  SessionEnd Run(std::stop_token stop);

 private:
  struct Connection;
  // Why the session should end whatever the connection does.
  std::optional<SessionEnd> DeskEnd() const;
  std::optional<SessionEnd> Pause(std::stop_token stop);
  std::optional<SessionEnd> RunOnce(std::stop_token stop);
  std::optional<SessionEnd> Talk(Connection& connection, std::stop_token stop);
  void Handle(Connection& connection, DownMessage message);
  void OnWelcome(Connection& connection, const Welcome& welcome);
  void OnLanding(const LandingCard& landing);
  void OnRenewOrder(Connection& connection, const RenewOrder& order);
  void OnRenewed(Connection& connection, const RenewedCertificate& renewed);
  bool SendEvents(Connection& connection);
  bool SendForGuests(Connection& connection);
  std::chrono::steady_clock::time_point NextLook(const Connection& connection) const;
  void SayGoodbye(Connection& connection, const std::string& command_id);
  // What Judge needs of a connection that has ended.
  struct Past {
    bool welcomed = false;
    bool steady = false;  // it worked for a while
    std::string run_id;   // of its Hello
  };
  std::optional<SessionEnd> Judge(const Status& status, const Past& past);
  std::optional<SessionEnd> JudgeUnreachable(bool welcomed);
  void ShowBlocked(const Status& status);

  SessionPorts ports_;
  SessionTiming timing_;
  const Flow flow_;
  BackOff back_off_;
  std::chrono::milliseconds pause_{0};  // before the next connection
  // Since when handshakes fail although the server accepts connections.
  std::optional<std::chrono::steady_clock::time_point> refused_since_;
  std::optional<std::string> renumber_run_;  // the server repeated ALREADY_EXISTS about it
  std::optional<LandingCard> landing_;
  bool blocked_ = false;
  int goodbyes_ = 0;
  std::string last_end_;
};

}  // namespace preseal::agent
