// SPDX-License-Identifier: Apache-2.0
#include "agent/service/session/session.h"

#include <algorithm>
#include <deque>
#include <thread>
#include <utility>

#include "agent/service/run/event_pump.h"
#include "common/base/guarded.h"
#include "common/log/log.h"

namespace preseal::agent {

using std::chrono::steady_clock;

// One stream with its reader. The reader only moves messages into the inbox; everything is decided
// on the session's thread.
struct Session::Connection {
  Connection(std::unique_ptr<SessionStream> opened, ChangeSignal& signal,
             steady_clock::time_point now)
      : stream(std::move(opened)), began(now) {
    reader = std::jthread([this, &signal] {
      while (auto message = stream->Receive()) {
        inbox.Lock()->messages.push_back(*std::move(message));
        signal.Notify();
      }
      inbox.Lock()->ended = true;
      signal.Notify();
    });
  }
  ~Connection() { stream->Cancel(); }

  struct Inbox {
    std::deque<DownMessage> messages;
    bool ended = false;
  };
  std::deque<DownMessage> TakeMessages() { return std::exchange(inbox.Lock()->messages, {}); }
  bool Ended() { return inbox.Lock()->ended; }
  void AwaitEnd(ChangeSignal& signal, std::chrono::milliseconds limit) {
    const auto deadline = steady_clock::now() + limit;
    while (true) {
      const uint64_t seen = signal.version();
      if (Ended() || steady_clock::now() >= deadline) return;
      signal.WaitBeyond(seen, deadline);
    }
  }

  std::unique_ptr<SessionStream> stream;
  Guarded<Inbox> inbox;
  EventPump pump;
  Hello hello;
  bool welcomed = false;
  bool acked_something = false;
  bool renewed = false;  // there is a new certificate: connect again with it
  std::chrono::milliseconds heartbeat_interval = kHeartbeatInterval;
  steady_clock::time_point began;
  steady_clock::time_point last_sent;
  std::jthread reader;  // last: joined before the rest goes
};

Session::Session(SessionPorts ports, SessionTiming timing, Flow flow)
    : ports_(std::move(ports)),
      timing_(timing),
      flow_(flow),
      back_off_(timing.reconnect_first, timing.reconnect_longest) {}

SessionEnd Session::Run(std::stop_token stop) {
  while (true) {
    if (const auto end = RunOnce(stop)) return *end;
    if (const auto end = Pause(stop)) return *end;
  }
}

std::optional<SessionEnd> Session::DeskEnd() const {
  if (!ports_.desk.failure().ok()) return SessionEnd::kDeskFailed;
  if (ports_.desk.RestartWanted()) return SessionEnd::kRestart;
  return std::nullopt;
}

// A device that is to be restarted is restarted whether or not the server is there.
std::optional<SessionEnd> Session::Pause(std::stop_token stop) {
  for (SessionGuest* guest : ports_.guests) guest->Lost();
  const auto deadline = steady_clock::now() + pause_;
  while (true) {
    const uint64_t seen = ports_.signal.version();
    if (stop.stop_requested()) return SessionEnd::kStopped;
    if (const auto end = DeskEnd()) return end;
    if (steady_clock::now() >= deadline) return std::nullopt;
    ports_.signal.WaitBeyond(seen, deadline, stop);
  }
}

std::optional<SessionEnd> Session::RunOnce(std::stop_token stop) {
  if (const auto end = DeskEnd()) return end;
  auto stream = ports_.dialer.Dial();
  if (!stream.ok()) {
    log::Error("cannot open a session", {{"error", ToString(stream.status())}});
    pause_ = back_off_.Next(ports_.chance());
    return stop.stop_requested() ? std::optional(SessionEnd::kStopped) : std::nullopt;
  }
  Connection connection(*std::move(stream), ports_.signal, ports_.clock.Steady());
  // A Send that waits for the server must not keep us from stopping.
  const std::stop_callback cancel(stop, [&connection] { connection.stream->Cancel(); });
  const auto end = Talk(connection, stop);
  if (connection.renewed) {
    pause_ = std::chrono::milliseconds(0);
    return end;
  }
  // A write fails before the reason for it has been read.
  if (!end) connection.AwaitEnd(ports_.signal, timing_.end_within);
  // Cancelling a stream that has ended would hide how it ended.
  if (!connection.Ended()) connection.stream->Cancel();
  connection.reader.join();
  const Status status = connection.stream->Finish();
  // Said into a broken stream, the last word is said again: it is what confirms the seal.
  const bool unheard = end == SessionEnd::kSealed && !status.ok() && ++goodbyes_ < kGoodbyesMax;
  if (end && !unheard) return end;
  const bool lived = ports_.clock.Steady() - connection.began > kSteadySessionAfter;
  return Judge(status,
               {connection.welcomed, connection.acked_something || lived, connection.hello.run_id});
}

std::optional<SessionEnd> Session::Talk(Connection& connection, std::stop_token stop) {
  connection.hello = ports_.desk.MakeHello();
  connection.hello.flow = flow_;
  connection.stream->Send(connection.hello);
  connection.last_sent = ports_.clock.Steady();
  while (true) {
    const uint64_t seen = ports_.signal.version();
    for (DownMessage& message : connection.TakeMessages()) Handle(connection, std::move(message));
    if (stop.stop_requested()) return SessionEnd::kStopped;
    if (connection.renewed) return std::nullopt;
    if (const auto end = DeskEnd()) return end;
    if (connection.Ended()) return std::nullopt;
    if (connection.welcomed) {
      if (!SendEvents(connection) || !SendForGuests(connection)) return std::nullopt;
      if (const auto sealed = ports_.desk.SealedCommand()) {
        SayGoodbye(connection, *sealed);
        return SessionEnd::kSealed;
      }
      if (ports_.in_service && ports_.in_service()) return SessionEnd::kInService;
      if (ports_.clock.Steady() >= connection.last_sent + connection.heartbeat_interval) {
        if (!connection.stream->Send(Heartbeat{})) return std::nullopt;
        connection.last_sent = ports_.clock.Steady();
        continue;
      }
    } else if (ports_.clock.Steady() >= connection.began + timing_.welcome_within) {
      return std::nullopt;
    }
    ports_.signal.WaitBeyond(seen, NextLook(connection), stop);
  }
}

steady_clock::time_point Session::NextLook(const Connection& connection) const {
  if (!connection.welcomed) return connection.began + timing_.welcome_within;
  auto next = connection.last_sent + connection.heartbeat_interval;
  for (const SessionGuest* guest : ports_.guests) next = std::min(next, guest->NextDue());
  return next;
}

bool Session::SendForGuests(Connection& connection) {
  for (SessionGuest* guest : ports_.guests) {
    for (const UpMessage& message : guest->Due(ports_.clock.Steady())) {
      if (!connection.stream->Send(message)) return false;
      connection.last_sent = ports_.clock.Steady();
    }
  }
  return true;
}

void Session::Handle(Connection& connection, DownMessage message) {
  if (const auto* welcome = std::get_if<Welcome>(&message)) {
    OnWelcome(connection, *welcome);
  } else if (const auto* ack = std::get_if<Ack>(&message)) {
    connection.acked_something = true;
    connection.pump.OnAck(ack->run_id, ack->sequence);
    ports_.desk.Acked(ack->run_id, ack->sequence);
  } else if (const auto* renew = std::get_if<RenewOrder>(&message)) {
    OnRenewOrder(connection, *renew);
  } else if (const auto* renewed = std::get_if<RenewedCertificate>(&message)) {
    OnRenewed(connection, *renewed);
  } else if (const auto* refusal = std::get_if<RenewalRefusal>(&message)) {
    log::Warning("the server does not renew the device certificate",
                 {{"code", refusal->code}, {"message", refusal->message}});
    ports_.display.ShowActivity("Certificate not renewed: " + refusal->message);
  } else if (auto* order = std::get_if<Order>(&message)) {
    ports_.desk.Submit(std::move(*order));
  } else {
    if (const auto* landing = std::get_if<LandingCard>(&message)) OnLanding(*landing);
    for (SessionGuest* guest : ports_.guests) guest->Receive(message, ports_.clock.Steady());
  }
}

void Session::OnWelcome(Connection& connection, const Welcome& welcome) {
  connection.welcomed = true;
  blocked_ = false;
  refused_since_.reset();
  if (welcome.heartbeat_interval.count() > 0) {
    connection.heartbeat_interval = welcome.heartbeat_interval;
  }
  for (const auto& log : ports_.desk.Logs()) {
    if (log->header().run_id.text() != connection.hello.run_id) continue;
    // More than we ever made, or the same numbers with other content: this device lost its disk in
    // the middle of the run and began it again.
    const bool ours = renumber_run_ != connection.hello.run_id &&
                      welcome.acked_sequence < connection.hello.next_sequence;
    if (ours) {
      ports_.desk.Acked(log->header().run_id, welcome.acked_sequence);
    } else if (const Status status = log->Renumber(welcome.acked_sequence); !status.ok()) {
      log::Error("cannot renumber events", {{"error", ToString(status)}});
    }
  }
  renumber_run_.reset();
  ports_.display.ShowConnection(true, "");
  OnLanding(welcome.landing);
  if (connection.hello.run_id.empty() && flow_ == Flow::kTechnician) {
    ports_.display.ShowItems(PreparationItems(), std::chrono::seconds(0));
    ports_.display.ShowActivity("Waiting for start");
  }
  for (SessionGuest* guest : ports_.guests) {
    guest->Connected(welcome.landing, ports_.clock.Steady());
  }
}

void Session::OnLanding(const LandingCard& landing) {
  if (landing_ == landing) return;
  landing_ = landing;
  ports_.display.ShowLanding(landing);
}

// On this thread: nothing else waits long enough to notice, and the TPM does one thing at a time.
void Session::OnRenewOrder(Connection& connection, const RenewOrder& order) {
  if (ports_.renewer == nullptr) return;
  const auto attested = ports_.renewer->Attest(order);
  if (!attested.ok()) {
    log::Warning("cannot attest the device key", {{"error", ToString(attested.status())}});
    return;  // the server asks again
  }
  if (connection.stream->Send(*attested)) connection.last_sent = ports_.clock.Steady();
}

void Session::OnRenewed(Connection& connection, const RenewedCertificate& renewed) {
  if (ports_.renewer == nullptr) return;
  if (const Status taken = ports_.renewer->Take(renewed); !taken.ok()) {
    log::Error("cannot take over the renewed certificate", {{"error", ToString(taken)}});
    return;  // the old one still works
  }
  log::Info("device certificate renewed", {});
  connection.renewed = true;
}

bool Session::SendEvents(Connection& connection) {
  while (true) {
    auto batch = connection.pump.Next(ports_.desk.Logs());
    if (!batch.ok()) {
      log::Error("cannot read the spool", {{"error", ToString(batch.status())}});
      return false;
    }
    if (!*batch) return true;
    if (!connection.stream->Send(**std::move(batch))) return false;
    connection.last_sent = ports_.clock.Steady();
  }
}

// The server confirms the seal by this message and the closed stream. If it does not answer in time
// the device powers off all the same: everything it had to say is durable there.
void Session::SayGoodbye(Connection& connection, const std::string& command_id) {
  connection.stream->Send(Goodbye{command_id});
  connection.stream->HalfClose();
  connection.AwaitEnd(ports_.signal, timing_.goodbye_within);
}

}  // namespace preseal::agent
