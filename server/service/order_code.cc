// SPDX-License-Identifier: Apache-2.0
#include "server/service/order_code.h"

#include "common/base/limits.h"
#include "common/crypto/digest.h"

namespace preseal::server {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr size_t kGroup = 5;
constexpr size_t kDigits = 5 * kGroup;  // 125 of the 128 random bits

// The digit as it is stored, 0 for a letter that is none.
char Digit(char c) {
  if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  if (c == 'I' || c == 'L') return '1';
  if (c == 'O') return '0';
  return kAlphabet.find(c) == std::string_view::npos ? '\0' : c;
}

}  // namespace

std::string FormatOrderCode(ByteView random) {
  std::string code;
  for (size_t digit = 0; digit < kDigits; ++digit) {
    unsigned value = 0;
    for (size_t bit = digit * 5; bit < digit * 5 + 5; ++bit) {
      value = value << 1 | (random[bit / 8] >> (7 - bit % 8) & 1u);
    }
    if (digit > 0 && digit % kGroup == 0) code += '-';
    code += kAlphabet[value];
  }
  return code;
}

std::optional<TypedOrderCode> ParseOrderCode(std::string_view text) {
  if (text.size() > kOrderCodeTextMax) return std::nullopt;
  std::string digits;
  for (const char c : text) {
    if (c == '-' || c == ' ') continue;
    const char digit = Digit(c);
    if (digit == '\0') return std::nullopt;
    digits += digit;
  }
  if (digits.size() != kDigits) return std::nullopt;
  return TypedOrderCode{digits.substr(0, kGroup), Secret(std::string_view(digits).substr(kGroup))};
}

Bytes OrderCodeDigest(const Secret& secret) {
  const auto digest = crypto::Sha256(secret.Reveal());
  return Bytes(digest.begin(), digest.end());
}

bool OrderCodeIsGood(const OrderCode& stored, const Secret& secret, const BatchId& batch,
                     WallTime now) {
  const bool right = ConstantTimeEqual(stored.secret_sha256, OrderCodeDigest(secret));
  return right && !stored.revoked && stored.uses_left > 0 && now < stored.expire_time &&
         stored.batch == batch;
}

}  // namespace preseal::server
