// SPDX-License-Identifier: Apache-2.0
#include "server/domain/event_log/guid.h"

#include <algorithm>
#include <cstdlib>

namespace preseal::server {
namespace {

// The first three fields are little-endian numbers, the last two are bytes.
void SwapFields(Bytes& bytes) {
  std::reverse(bytes.begin(), bytes.begin() + 4);
  std::reverse(bytes.begin() + 4, bytes.begin() + 6);
  std::reverse(bytes.begin() + 6, bytes.begin() + 8);
}

}  // namespace

std::string FormatGuid(ByteView bytes) {
  if (bytes.size() != kGuidBytes) return {};
  Bytes fields = ToBytes(bytes);
  SwapFields(fields);
  std::string text = ToHex(fields);
  for (const size_t dash : {8, 13, 18, 23}) text.insert(dash, "-");
  return text;
}

Bytes GuidBytes(std::string_view text) {
  std::string digits(text);
  std::erase(digits, '-');
  auto bytes = FromHex(digits);
  if (!bytes.ok() || bytes->size() != kGuidBytes) std::abort();
  SwapFields(*bytes);
  return *std::move(bytes);
}

}  // namespace preseal::server
