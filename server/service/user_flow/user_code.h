// SPDX-License-Identifier: Apache-2.0
// One-time codes assigned users sign in with, as people type them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/ids.h"
#include "common/base/secret.h"

namespace preseal::server {

inline constexpr size_t kUserCodeRandomBytes = 8;

// "K7QW-2M9X-TF4B": twelve digits as in typed_digits.h, 60 bits of secret.
//   random  kUserCodeRandomBytes fresh random bytes
std::string FormatUserCode(ByteView random);

// The digits alone. Nothing if it cannot be one.
std::optional<Secret> ParseUserCode(std::string_view text);

// What is stored of it: SHA-256 over the device's id and the digits, so that the same code at
// another device is another one (docs/formats.md "User code").
Bytes UserCodeDigest(const DeviceId& device, const Secret& digits);

}  // namespace preseal::server
