// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/status/status.h"

namespace preseal::bench {

struct TlsIdentity {
  std::string certificate_pem;
  std::string key_pem;
  std::string peer_ca_pem;  // whom to trust
};

// Processor seconds the server's half of one full mutual TLS 1.3 handshake takes, in memory, mean
// of `rounds`.
StatusOr<double> ServerHandshakeSeconds(const TlsIdentity& server, const TlsIdentity& client,
                                        int rounds);

// Processor time of the calling thread, in seconds.
double ThreadSeconds();
// Of all threads of this process.
double ProcessSeconds();

}  // namespace preseal::bench
