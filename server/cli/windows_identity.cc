// SPDX-License-Identifier: Apache-2.0
#include "server/cli/windows_identity.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/limits.h"
#include "common/crypto/encoding.h"

namespace preseal::server::cli {
namespace {

constexpr size_t kProductIdDigits = 13;
constexpr size_t kBase64Group = 4;

}  // namespace

std::string ProductIdProblem(std::string_view product_id) {
  const bool digits = std::all_of(product_id.begin(), product_id.end(),
                                  [](char c) { return c >= '0' && c <= '9'; });
  if (digits && product_id.size() == kProductIdDigits) return "";
  return fmt::format("product id is not {} digits, as on the box's label", kProductIdDigits);
}

std::string HardwareHashProblem(std::string_view hash) {
  std::string padded(hash);
  while (padded.size() % kBase64Group != 0) padded += '=';
  const auto bytes = crypto::Base64Decode(padded);
  if (!bytes.ok()) return "hardware hash is no base64: was the file edited in a spreadsheet?";
  if (bytes->size() < kHardwareHashBytesMin || bytes->size() > kHardwareHashBytesMax) {
    return fmt::format("hardware hash has {} bytes: it was cut off, or is none", bytes->size());
  }
  return "";
}

}  // namespace preseal::server::cli
