// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/tls_connection.h"

#include <netinet/tcp.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <string_view>
#include <utility>

#include "server/adapters/http/http1_session.h"
#include "server/adapters/http/http2_session.h"

namespace preseal::server::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

std::string PeerAddress(const tcp::socket& socket) {
  boost::system::error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return "";
  const auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

// Small answers leave at once; little is buffered where we cannot see it; a peer that vanished
// while nothing is being sent is found by keep-alive probes. None of these is worth failing for.
void Tune(tcp::socket& socket) {
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::send_buffer_size(static_cast<int>(kHttpWriteBytes)),
                    ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  using Idle = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPIDLE>;
  using Interval = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPINTVL>;
  using Count = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPCNT>;
  constexpr int kIdleSeconds = 30;
  constexpr int kIntervalSeconds = 10;
  constexpr int kProbes = 3;
  socket.set_option(Idle(kIdleSeconds), ignored);
  socket.set_option(Interval(kIntervalSeconds), ignored);
  socket.set_option(Count(kProbes), ignored);
}

SteadyTime After(std::chrono::milliseconds delay) {
  return std::chrono::steady_clock::now() + delay;
}

}  // namespace

TlsConnection::TlsConnection(std::unique_ptr<ConnectionRegistry::Lease> lease, tcp::socket socket,
                             const TlsContext& tls, const SessionContext& context)
    : lease_(std::move(lease)),
      stream_(std::move(socket), SSL_new(tls.get())),
      timer_(stream_.get_executor()),
      context_(context) {
  peer_ = PeerAddress(stream_.next_layer());
  Tune(stream_.next_layer());
}

TlsConnection::~TlsConnection() = default;

void TlsConnection::Start() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    self->phase_deadline_ = After(self->context_.limits.header_timeout);
    self->Arm();
    self->stream_.async_handshake(asio::ssl::stream_base::server,
                                  [self](const ErrorCode& error) { self->OnHandshake(error); });
  });
}

void TlsConnection::OnHandshake(const ErrorCode& error) {
  if (phase_ != Phase::kHandshake) return;
  if (error) return Close();
  const unsigned char* protocol = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(stream_.native_handle(), &protocol, &size);
  const bool http2 = std::string_view(reinterpret_cast<const char*>(protocol), size) == "h2";
  session_ = http2 ? MakeHttp2Session(shared_from_this(), context_)
                   : MakeHttp1Session(shared_from_this(), context_);
  if (session_ == nullptr) return Close();
  phase_ = Phase::kOpen;
  phase_deadline_ = kNever;
  if (draining_) session_->Drain();
  Pump();
}

void TlsConnection::Post(std::function<void()> work) {
  asio::post(stream_.get_executor(),
             [self = shared_from_this(), work = std::move(work)] { work(); });
}

void TlsConnection::Wake() {
  if (std::exchange(pumping_, true)) return;
  Post([this] { Pump(); });
}

// The one place where session, socket and timer meet.
void TlsConnection::Pump() {
  pumping_ = true;
  if (phase_ == Phase::kOpen) {
    session_->Advance();
    if (!writing_) session_->TakeOutput(&output_, kHttpWriteBytes);
    if (!writing_ && !output_.empty()) Write();
    if (!writing_ && session_->finished()) Linger();
  }
  if (phase_ != Phase::kClosed) Read();
  pumping_ = false;
  if (phase_ != Phase::kClosed) Arm();
}

void TlsConnection::Read() {
  const bool wanted = phase_ == Phase::kLingering || session_->wants_input();
  if (reading_ || !wanted) return;
  reading_ = true;
  stream_.async_read_some(asio::buffer(input_),
                          [self = shared_from_this()](const ErrorCode& error, size_t bytes) {
                            self->OnRead(error, bytes);
                          });
}

void TlsConnection::OnRead(const ErrorCode& error, size_t bytes) {
  reading_ = false;
  if (phase_ == Phase::kClosed) return;
  if (error) return Close();
  if (phase_ == Phase::kOpen) session_->Receive(std::string_view(input_.data(), bytes));
  Pump();
}

void TlsConnection::Write() {
  writing_ = true;
  write_deadline_ = After(context_.limits.stall_timeout);
  asio::async_write(
      stream_, asio::buffer(output_),
      [self = shared_from_this()](const ErrorCode& error, size_t) { self->OnWritten(error); });
}

void TlsConnection::OnWritten(const ErrorCode& error) {
  writing_ = false;
  write_deadline_ = kNever;
  output_.clear();
  if (phase_ == Phase::kClosed) return;
  if (error) return Close();
  Pump();
}

// Closing a socket with unread input makes the kernel destroy what we sent last; so say goodbye,
// then read and forget until the peer has closed too.
void TlsConnection::Linger() {
  phase_ = Phase::kLingering;
  phase_deadline_ = After(context_.limits.linger_timeout);
  session_->Lost();
  stream_.async_shutdown([self = shared_from_this()](const ErrorCode&) {
    // The peer's goodbye arrived, or it sends on regardless; reading finds out which.
  });
}

void TlsConnection::Close() {
  if (std::exchange(phase_, Phase::kClosed) == Phase::kClosed) return;
  if (session_ != nullptr) session_->Lost();
  ErrorCode ignored;
  stream_.next_layer().close(ignored);
  timer_.cancel();
}

void TlsConnection::Drain() {
  Post([this] {
    draining_ = true;
    if (phase_ != Phase::kOpen) return;
    session_->Drain();
    Wake();
  });
}

void TlsConnection::Abort() {
  Post([this] { Close(); });
}

SteadyTime TlsConnection::NextDeadline() const {
  SteadyTime next = std::min(phase_deadline_, write_deadline_);
  if (phase_ == Phase::kOpen) next = std::min(next, session_->deadline());
  return next;
}

// Deadlines mostly move later; the timer then fires early once and is set anew.
void TlsConnection::Arm() {
  const SteadyTime next = NextDeadline();
  if (next >= armed_) return;
  armed_ = next;
  timer_.expires_at(next);
  timer_.async_wait([self = shared_from_this()](const ErrorCode& error) {
    if (error || self->phase_ == Phase::kClosed) return;
    self->armed_ = kNever;
    self->OnTimer();
  });
}

void TlsConnection::OnTimer() {
  const SteadyTime now = std::chrono::steady_clock::now();
  if (now >= phase_deadline_ || now >= write_deadline_) return Close();
  if (phase_ != Phase::kOpen) return Arm();
  if (now >= session_->deadline()) session_->OnDeadline(now);
  Pump();
}

}  // namespace preseal::server::http
