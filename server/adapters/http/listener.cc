// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/http/listener.h"

#include <fmt/format.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/guarded.h"
#include "common/log/log.h"
#include "server/adapters/http/connection_registry.h"
#include "server/adapters/http/tls_connection.h"

namespace preseal::server::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr int kThreads = 2;           // TLS and JSON of one busy client leave room for others
constexpr auto kAcceptPause = 100ms;  // when descriptors have run out
constexpr auto kAbortPatience = 5s;   // aborted calls end in milliseconds

}  // namespace

struct Listener::Impl {
  Impl(TlsContext tls_in, SessionContext context_in)
      : context(std::move(context_in)),
        tls(std::move(tls_in)),
        registry(std::make_shared<ConnectionRegistry>(context.limits.connections)),
        work(asio::make_work_guard(io)),
        acceptor(asio::make_strand(io)),
        pause(acceptor.get_executor()) {}

  Status Bind(const std::string& address, uint16_t port);
  void Run();
  void Accept();
  void OnAccept(const ErrorCode& error, tcp::socket socket);

  const SessionContext context;
  Guarded<TlsContext> tls;
  const std::shared_ptr<ConnectionRegistry> registry;
  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  uint16_t port = 0;
  bool full = false;  // said so in the log; on the acceptor's strand
  std::atomic<bool> stopped = false;
  std::vector<std::thread> threads;
};

Status Listener::Impl::Bind(const std::string& address, uint16_t wanted_port) {
  ErrorCode error;
  const auto parsed = asio::ip::make_address(address, error);
  if (error) return InvalidArgument(fmt::format("'{}' is not an IP address", address));
  const tcp::endpoint endpoint(parsed, wanted_port);
  const auto failed = [&](std::string_view step) {
    return FailedPrecondition(
        fmt::format("{} [{}]:{}: {}", step, address, wanted_port, error.message()));
  };
  if (acceptor.open(endpoint.protocol(), error); error) return failed("open");
  if (acceptor.set_option(asio::socket_base::reuse_address(true), error); error) {
    return failed("reuse");
  }
  if (acceptor.bind(endpoint, error); error) return failed("bind");
  if (acceptor.listen(asio::socket_base::max_listen_connections, error); error) {
    return failed("listen on");
  }
  port = acceptor.local_endpoint(error).port();
  if (error) return failed("name");
  return OkStatus();
}

void Listener::Impl::Run() {
  for (;;) {
    try {
      io.run();
      return;
    } catch (const std::exception& exception) {
      // Named edge: nothing here throws by design; should a library do so, one connection is lost,
      // not the server.
      log::Error("web thread caught an exception", {{"what", exception.what()}});
    }
  }
}

void Listener::Impl::Accept() {
  acceptor.async_accept(asio::make_strand(io), [this](const ErrorCode& error, tcp::socket socket) {
    OnAccept(error, std::move(socket));
  });
}

void Listener::Impl::OnAccept(const ErrorCode& error, tcp::socket socket) {
  if (!acceptor.is_open()) return;
  if (error) {
    pause.expires_after(kAcceptPause);
    pause.async_wait([this](const ErrorCode& cancelled) {
      if (!cancelled && acceptor.is_open()) Accept();
    });
    return;
  }
  auto lease = registry->Enter();
  if (lease == nullptr) {
    if (!std::exchange(full, true)) {
      log::Warning("web connections refused: too many", {{"limit", context.limits.connections}});
    }
  } else {
    full = false;
    const TlsContext now = *tls.Lock();
    const auto& place = *lease;
    const auto connection =
        std::make_shared<TlsConnection>(std::move(lease), std::move(socket), now, context);
    registry->Bind(place, connection);
    connection->Start();
  }
  Accept();
}

StatusOr<std::unique_ptr<Listener>> Listener::Open(const std::string& address, uint16_t port,
                                                   TlsContext tls, SessionContext context) {
  auto impl = std::make_unique<Impl>(std::move(tls), std::move(context));
  RETURN_IF_ERROR(impl->Bind(address, port));
  asio::post(impl->acceptor.get_executor(), [raw = impl.get()] { raw->Accept(); });
  for (int i = 0; i < kThreads; ++i) impl->threads.emplace_back([raw = impl.get()] { raw->Run(); });
  return std::unique_ptr<Listener>(new Listener(std::move(impl)));
}

Listener::Listener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Listener::~Listener() {
  Shutdown(std::chrono::steady_clock::now());
  // A call that did not end even when cancelled will still post to its strand: leak what it needs.
  if (!impl_->registry->WaitUntilEmpty(std::chrono::steady_clock::now())) (void)impl_.release();
}

uint16_t Listener::port() const { return impl_->port; }

void Listener::SetTlsContext(TlsContext tls) { *impl_->tls.Lock() = std::move(tls); }

void Listener::Drain() {
  asio::post(impl_->acceptor.get_executor(), [impl = impl_.get()] {
    ErrorCode ignored;
    impl->acceptor.close(ignored);
    impl->pause.cancel();
    // On this strand, after the last accept: no connection can be missed.
    impl->registry->ForEach([](Closable& connection) { connection.Drain(); });
  });
}

void Listener::Shutdown(std::chrono::steady_clock::time_point deadline) {
  if (impl_->stopped.exchange(true)) return;
  Drain();
  if (!impl_->registry->WaitUntilEmpty(deadline)) {
    impl_->registry->ForEach([](Closable& connection) { connection.Abort(); });
    if (!impl_->registry->WaitUntilEmpty(std::chrono::steady_clock::now() + kAbortPatience)) {
      log::Error("web connections left at shutdown");
    }
  }
  impl_->work.reset();
  impl_->io.stop();
  for (std::thread& thread : impl_->threads) thread.join();
}

}  // namespace preseal::server::http
