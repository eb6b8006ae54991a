// SPDX-License-Identifier: Apache-2.0
#include "server/domain/event_log/uefi_variable.h"

#include "server/domain/event_log/guid.h"
#include "server/domain/event_log/little_endian.h"

namespace preseal::server {
namespace {

bool IsHighSurrogate(uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool IsLowSurrogate(uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

void AppendUtf8(std::string& out, uint32_t code) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | (code >> shift & 0x3F)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += {static_cast<char>(0xC0 | code >> 6), tail(0)};
  } else if (code < 0x10000) {
    out += {static_cast<char>(0xE0 | code >> 12), tail(6), tail(0)};
  } else {
    out += {static_cast<char>(0xF0 | code >> 18), tail(12), tail(6), tail(0)};
  }
}

}  // namespace

std::string Utf16ToText(ByteView utf16) {
  const auto unit = [&](size_t i) -> uint32_t {
    return static_cast<uint32_t>(utf16[2 * i] | utf16[2 * i + 1] << 8);
  };
  std::string out;
  const size_t units = utf16.size() / 2;
  for (size_t i = 0; i < units; ++i) {
    uint32_t code = unit(i);
    if (IsHighSurrogate(code) && i + 1 < units && IsLowSurrogate(unit(i + 1))) {
      code = 0x10000 + ((code - 0xD800) << 10) + (unit(i + 1) - 0xDC00);
      ++i;
    }
    AppendUtf8(out, code);
  }
  return out;
}

std::optional<UefiVariable> ParseUefiVariable(ByteView bytes, size_t trailing_max) {
  LittleEndianReader reader(bytes);
  const auto guid = reader.Raw(kGuidBytes);
  const auto name_units = reader.U64();
  const auto data_size = reader.U64();
  if (!guid || !name_units || !data_size) return std::nullopt;
  // Divided, not doubled: 2^63 units would come to no bytes at all.
  if (*name_units > reader.remaining() / 2) return std::nullopt;
  const auto name = reader.Raw(*name_units * 2);
  const auto data = reader.Raw(*data_size);
  if (!name || !data || reader.remaining() > trailing_max) return std::nullopt;
  return UefiVariable{FormatGuid(*guid), Utf16ToText(*name), *data};
}

}  // namespace preseal::server
