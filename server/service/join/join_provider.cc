// SPDX-License-Identifier: Apache-2.0
#include "server/service/join/join_provider.h"

#include <algorithm>

#include "common/base/limits.h"

namespace preseal::server {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

bool IsComputerName(std::string_view name) {
  if (name.empty() || name.size() > kDeviceNameCharsMax) return false;
  if (name.front() == '-' || name.back() == '-') return false;
  if (std::all_of(name.begin(), name.end(), IsDigit)) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return IsDigit(c) || IsLetter(c) || c == '-'; });
}

}  // namespace preseal::server
