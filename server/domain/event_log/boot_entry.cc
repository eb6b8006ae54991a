// SPDX-License-Identifier: Apache-2.0
#include "server/domain/event_log/boot_entry.h"

#include <algorithm>

#include "common/base/limits.h"
#include "server/domain/event_log/little_endian.h"
#include "server/domain/event_log/uefi_variable.h"

namespace preseal::server {
namespace {

constexpr uint16_t kNodeHeaderBytes = 4;
constexpr uint8_t kMediaPath = 4;
constexpr uint8_t kFilePath = 4;
constexpr uint8_t kEndOfPath = 0x7F;

bool IsLoadOption(std::string_view name) {
  constexpr std::string_view kHexDigits = "0123456789ABCDEFabcdef";
  return name.size() == 8 && name.starts_with("Boot") &&
         name.find_first_not_of(kHexDigits, 4) == std::string_view::npos;
}

ByteView UpToNul(ByteView utf16) {
  for (size_t i = 0; i + 1 < utf16.size(); i += 2) {
    if (utf16[i] == 0 && utf16[i + 1] == 0) return utf16.first(i);
  }
  return utf16;
}

bool ReadDevicePath(ByteView bytes, BootEntryFact& entry) {
  LittleEndianReader reader(bytes);
  for (size_t nodes = 0; reader.remaining() > 0; ++nodes) {
    const auto type = reader.U8();
    const auto subtype = reader.U8();
    const auto length = reader.U16();
    if (!type || !subtype || !length || *length < kNodeHeaderBytes) return false;
    const auto body = reader.Raw(static_cast<uint64_t>(*length - kNodeHeaderBytes));
    if (!body || nodes >= kDevicePathNodesMax) return false;
    if (*type == kMediaPath && *subtype == kFilePath) {
      entry.path = Shown(Utf16ToText(UpToNul(*body)));
    }
    if (*type == kEndOfPath) return true;
  }
  return false;
}

bool ReadLoadOption(ByteView data, BootEntryFact& entry) {
  LittleEndianReader reader(data);
  const auto attributes = reader.U32();
  const auto path_bytes = reader.U16();
  if (!attributes || !path_bytes) return false;
  const ByteView description = UpToNul(reader.rest());
  if (!reader.Raw(description.size() + 2)) return false;
  entry.description = Shown(Utf16ToText(description));
  const auto path = reader.Raw(*path_bytes);
  return path && ReadDevicePath(*path, entry);
}

}  // namespace

std::optional<BootEntryFact> ReadBootEntry(ByteView data) {
  const auto variable = ParseUefiVariable(data);
  if (!variable) return std::nullopt;
  BootEntryFact entry;
  entry.name = Shown(variable->name);
  if (IsLoadOption(variable->name) && !variable->data.empty()) {
    entry.well_formed = ReadLoadOption(variable->data, entry);
  }
  return entry;
}

}  // namespace preseal::server
