// SPDX-License-Identifier: Apache-2.0
// One-time order codes as people type them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/secret.h"
#include "server/service/identity/identity_ports.h"

namespace preseal::server {

inline constexpr size_t kOrderCodeRandomBytes = 16;

// "QK7F2-9XM4T-…": five groups of five; the first is public and names the code, the rest are 100
// bits of secret. Crockford's Base32: no I, L, O, U.
//   random  kOrderCodeRandomBytes fresh random bytes
std::string FormatOrderCode(ByteView random);

struct TypedOrderCode {
  std::string code_id;
  Secret secret;
};
// Case, spaces and dashes do not matter; I and L count as 1, O as 0. Nothing if it cannot be one.
std::optional<TypedOrderCode> ParseOrderCode(std::string_view text);

// What is stored of a secret.
Bytes OrderCodeDigest(const Secret& secret);

// In constant time; also not revoked, not expired at `now`, for this batch, and with a use left.
bool OrderCodeIsGood(const OrderCode& stored, const Secret& secret, const BatchId& batch,
                     WallTime now);

}  // namespace preseal::server
