// SPDX-License-Identifier: Apache-2.0
// Byte strings: owned `Bytes`, borrowed `ByteView`, lower-case hex. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"

namespace preseal {

using Bytes = std::vector<uint8_t>;
using ByteView = std::span<const uint8_t>;

inline ByteView AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view AsText(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes ToBytes(std::string_view text) {
  const auto view = AsBytes(text);
  return Bytes(view.begin(), view.end());
}
inline Bytes ToBytes(ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); }
inline std::string ToString(ByteView bytes) { return std::string(AsText(bytes)); }

// Two lower-case digits per byte, no prefix.
std::string ToHex(ByteView bytes);
// Accepts either case; InvalidArgument on odd length or another character.
StatusOr<Bytes> FromHex(std::string_view hex);

// Printable form of text from outside: control characters, DEL and invalid UTF-8 become \xNN, a
// backslash becomes \\ ; cut to `bytes_max` with "…" appended when longer.
std::string EscapeForLog(std::string_view text, size_t bytes_max);

}  // namespace preseal
