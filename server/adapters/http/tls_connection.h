// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "server/adapters/http/connection_registry.h"
#include "server/adapters/http/session.h"
#include "server/adapters/http/tls_context.h"

namespace preseal::server::http {

// One TLS connection: handshake, ALPN, one read and one write outstanding at most, one timer. What
// is spoken on it is the session's affair. Lives as long as an operation or a responder refers to
// it. Everything runs on the strand that is the socket's executor; Post, Drain and Abort may be
// called from any thread. Included by this folder's .cc files only (Asio).
class TlsConnection final : public Link,
                            public Closable,
                            public std::enable_shared_from_this<TlsConnection> {
 public:
  // `socket` was accepted with a strand as its executor. `context` must outlive the connection.
  TlsConnection(std::unique_ptr<ConnectionRegistry::Lease> lease,
                boost::asio::ip::tcp::socket socket, const TlsContext& tls,
                const SessionContext& context);
  ~TlsConnection() override;

  void Start();

  void Post(std::function<void()> work) override;
  void Wake() override;
  const std::string& peer() const override { return peer_; }
  void Drain() override;
  void Abort() override;

 private:
  static constexpr size_t kReadBytes = 16384;  // one TLS record

  enum class Phase { kHandshake, kOpen, kLingering, kClosed };
  using ErrorCode = boost::system::error_code;

  void OnHandshake(const ErrorCode& error);
  void Pump();
  void Read();
  void OnRead(const ErrorCode& error, size_t bytes);
  void Write();
  void OnWritten(const ErrorCode& error);
  void Linger();
  void Close();
  SteadyTime NextDeadline() const;
  void Arm();
  void OnTimer();

  const std::unique_ptr<ConnectionRegistry::Lease> lease_;  // first, hence dropped last
  boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream_;
  boost::asio::steady_timer timer_;
  const SessionContext& context_;
  std::string peer_;
  std::unique_ptr<Session> session_;
  Phase phase_ = Phase::kHandshake;
  bool reading_ = false;
  bool writing_ = false;
  bool pumping_ = false;  // a Pump is posted or running
  bool draining_ = false;
  SteadyTime phase_deadline_ = kNever;  // of handshake and lingering
  SteadyTime write_deadline_ = kNever;
  SteadyTime armed_ = kNever;
  std::string output_;                    // being written
  std::array<char, kReadBytes> input_{};  // being read into, and nothing else: a buffer shared with
                                          // a parser that consumes from it would shift requests
};

}  // namespace preseal::server::http
