// SPDX-License-Identifier: Apache-2.0
#include "server/service/enrollment/order_code.h"

#include "common/crypto/digest.h"
#include "server/service/typed_digits.h"

namespace preseal::server {
namespace {

constexpr size_t kGroup = 5;
constexpr size_t kDigits = 5 * kGroup;  // 125 of the 128 random bits

}  // namespace

std::string FormatOrderCode(ByteView random) { return FormatDigits(random, kDigits, kGroup); }

std::optional<TypedOrderCode> ParseOrderCode(std::string_view text) {
  const auto digits = ParseDigits(text, kDigits);
  if (!digits) return std::nullopt;
  return TypedOrderCode{digits->substr(0, kGroup),
                        Secret(std::string_view(*digits).substr(kGroup))};
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
