// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "common/status/status.h"
#include "server/adapters/http/session.h"
#include "server/adapters/http/tls_context.h"

namespace preseal::server::http {

// Accepts TLS connections on one address and runs them on its own threads. Thread-safe.
class Listener {
 public:
  // Listens on `address` (IPv4 or IPv6 literal) and `port` (0 picks one). INVALID_ARGUMENT if the
  // address is none; FAILED_PRECONDITION naming the address if it cannot be bound.
  static StatusOr<std::unique_ptr<Listener>> Open(const std::string& address, uint16_t port,
                                                  TlsContext tls, SessionContext context);
  // Shutdown with no patience.
  ~Listener();

  uint16_t port() const;
  // For connections accepted from now on.
  void SetTlsContext(TlsContext tls);

  // Accepts no more; open connections finish what they run. Returns at once.
  void Drain();
  // Drain, wait for open connections until `deadline`, break what is left, stop the threads.
  // A second call does nothing.
  void Shutdown(std::chrono::steady_clock::time_point deadline);

 private:
  struct Impl;
  explicit Listener(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace preseal::server::http
