// SPDX-License-Identifier: Apache-2.0
#include "server/service/typed_digits.h"

#include "common/base/limits.h"

namespace preseal::server {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr size_t kBitsPerDigit = 5;

// The digit as it is stored, 0 for a letter that is none.
char Digit(char c) {
  if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  if (c == 'I' || c == 'L') return '1';
  if (c == 'O') return '0';
  return kAlphabet.find(c) == std::string_view::npos ? '\0' : c;
}

}  // namespace

std::string FormatDigits(ByteView random, size_t count, size_t group) {
  std::string text;
  for (size_t digit = 0; digit < count; ++digit) {
    unsigned value = 0;
    for (size_t bit = digit * kBitsPerDigit; bit < (digit + 1) * kBitsPerDigit; ++bit) {
      value = value << 1 | (random[bit / 8] >> (7 - bit % 8) & 1u);
    }
    if (digit > 0 && digit % group == 0) text += '-';
    text += kAlphabet[value];
  }
  return text;
}

std::optional<std::string> ParseDigits(std::string_view text, size_t count) {
  if (text.size() > kOrderCodeTextMax) return std::nullopt;
  std::string digits;
  for (const char c : text) {
    if (c == '-' || c == ' ') continue;
    const char digit = Digit(c);
    if (digit == '\0') return std::nullopt;
    digits += digit;
  }
  if (digits.size() != count) return std::nullopt;
  return digits;
}

}  // namespace preseal::server
