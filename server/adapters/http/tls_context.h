// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "common/status/status.h"

struct ssl_ctx_st;

namespace preseal::server::http {

// Shared by the connections made from it; OpenSSL counts the references of running ones itself.
using TlsContext = std::shared_ptr<ssl_ctx_st>;

// A server context: TLS 1.2 and newer, ALPN preferring "h2" over "http/1.1", no renegotiation.
// `certificate_chain_pem` starts with the leaf, intermediates follow in order; `private_key_pem` is
// the leaf's key, unencrypted. Does not check validity times or names: clients do.
// INVALID_ARGUMENT if either does not parse, the chain is empty, or the key is another one's.
StatusOr<TlsContext> MakeTlsContext(std::string_view certificate_chain_pem,
                                    std::string_view private_key_pem);

}  // namespace preseal::server::http
