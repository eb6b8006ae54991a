// SPDX-License-Identifier: Apache-2.0
// UEFI_VARIABLE_DATA (PC Client Platform Firmware Profile, "UEFI_VARIABLE_DATA"). Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "common/base/bytes.h"

namespace preseal::server {

struct UefiVariable {
  std::string guid;  // FormatGuid
  std::string name;  // Utf16ToText: not safe to show
  ByteView data;     // borrowed
};

// Reads exactly one variable; nothing if a length does not fit or more than `trailing_max` bytes
// follow. Shim writes a structure longer than its content, hence the allowance.
std::optional<UefiVariable> ParseUefiVariable(ByteView bytes, size_t trailing_max = 0);

// UTF-16LE to UTF-8. A lone surrogate becomes the three bytes UTF-8 forbids for it, so that two
// names never become one and EscapeForLog shows it; an odd last byte is dropped.
std::string Utf16ToText(ByteView utf16);

}  // namespace preseal::server
