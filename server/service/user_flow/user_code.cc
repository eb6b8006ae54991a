// SPDX-License-Identifier: Apache-2.0
#include "server/service/user_flow/user_code.h"

#include "common/crypto/digest.h"
#include "server/service/typed_digits.h"

namespace preseal::server {
namespace {

constexpr std::string_view kDomain = "preseal-user-code-v1";
constexpr size_t kGroup = 4;
constexpr size_t kDigits = 3 * kGroup;

void Append(ByteView part, Bytes* out) { out->insert(out->end(), part.begin(), part.end()); }

}  // namespace

std::string FormatUserCode(ByteView random) { return FormatDigits(random, kDigits, kGroup); }

std::optional<Secret> ParseUserCode(std::string_view text) {
  const auto digits = ParseDigits(text, kDigits);
  if (!digits) return std::nullopt;
  return Secret(std::string_view(*digits));
}

Bytes UserCodeDigest(const DeviceId& device, const Secret& digits) {
  Bytes message;
  Append(AsBytes(kDomain), &message);
  message.push_back(0);
  Append(AsBytes(device.text()), &message);
  message.push_back(0);
  Append(digits.Reveal(), &message);
  const auto digest = crypto::Sha256(message);
  return Bytes(digest.begin(), digest.end());
}

}  // namespace preseal::server
