// SPDX-License-Identifier: Apache-2.0
// The five-byte prefix that gRPC, gRPC-Web and Connect streams share: flags, then the length of the
// message as a big-endian 32-bit number. Spec: "gRPC over HTTP2", section "Requests".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/status/status.h"

namespace preseal::server::http {

inline constexpr uint8_t kEnvelopeCompressed = 0x01;
inline constexpr uint8_t kConnectEndStream = 0x02;
inline constexpr uint8_t kGrpcWebTrailers = 0x80;

std::string MakeEnvelope(uint8_t flags, std::string_view message);

// The one message in `body`, which must be exactly one envelope. UNIMPLEMENTED if compressed,
// INVALID_ARGUMENT otherwise.
StatusOr<std::string_view> OnlyMessage(std::string_view body);

}  // namespace preseal::server::http
