// SPDX-License-Identifier: Apache-2.0
// Digits people type from paper: Crockford's Base32, which has no I, L, O and U. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/bytes.h"

namespace preseal::server {

// `count` digits from the first 5 * count bits of `random`, with a dash after each `group`.
std::string FormatDigits(ByteView random, size_t count, size_t group);

// Exactly `count` digits in upper case. Case, spaces and dashes do not matter; I and L count as 1,
// O as 0. Nothing if `text` is longer than kOrderCodeTextMax or has another character.
std::optional<std::string> ParseDigits(std::string_view text, size_t count);

}  // namespace preseal::server
