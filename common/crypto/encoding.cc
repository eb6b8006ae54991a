// SPDX-License-Identifier: Apache-2.0
#include "common/crypto/encoding.h"

#include <array>

namespace preseal::crypto {
namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<int16_t, 256> Inverse(std::string_view alphabet) {
  std::array<int16_t, 256> values{};
  values.fill(-1);
  for (size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<uint8_t>(alphabet[i])] = static_cast<int16_t>(i);
  }
  return values;
}
constexpr auto kStandardValues = Inverse(kStandard);
constexpr auto kUrlValues = Inverse(kUrl);

std::string Encode(ByteView bytes, std::string_view alphabet) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  uint32_t bits = 0;
  int bit_count = 0;
  for (const uint8_t byte : bytes) {
    bits = (bits << 8) | byte;
    for (bit_count += 8; bit_count >= 6; bit_count -= 6) {
      out += alphabet[(bits >> (bit_count - 6)) & 63];
    }
  }
  if (bit_count > 0) out += alphabet[(bits << (6 - bit_count)) & 63];
  return out;
}

// `text` without padding.
StatusOr<Bytes> Decode(std::string_view text, const std::array<int16_t, 256>& values) {
  if (text.size() % 4 == 1) return InvalidArgument("base64 text has an impossible length");
  Bytes out;
  out.reserve(text.size() * 3 / 4);
  uint32_t bits = 0;
  int bit_count = 0;
  for (const char c : text) {
    const int value = values[static_cast<uint8_t>(c)];
    if (value < 0) return InvalidArgument("base64 text has a character outside the alphabet");
    bits = (bits << 6) | static_cast<uint32_t>(value);
    bit_count += 6;
    if (bit_count >= 8) {
      bit_count -= 8;
      out.push_back(static_cast<uint8_t>(bits >> bit_count));
    }
  }
  // Stray bits would give one byte string several texts, and signatures cover texts.
  if ((bits & ((1u << bit_count) - 1)) != 0) {
    return InvalidArgument("base64 text has unused bits set");
  }
  return out;
}

}  // namespace

std::string Base64Encode(ByteView bytes) {
  std::string out = Encode(bytes, kStandard);
  while (out.size() % 4 != 0) out += '=';
  return out;
}

std::string Base64UrlEncode(ByteView bytes) { return Encode(bytes, kUrl); }

StatusOr<Bytes> Base64Decode(std::string_view text) {
  if (text.size() % 4 != 0) return InvalidArgument("base64 text lacks padding");
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  return Decode(text, kStandardValues);
}

StatusOr<Bytes> Base64UrlDecode(std::string_view text) { return Decode(text, kUrlValues); }

}  // namespace preseal::crypto
