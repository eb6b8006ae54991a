// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "common/base/bytes.h"

namespace preseal::server {

// Takes little-endian fields off the front of borrowed bytes, as UEFI writes them; never reads past
// the end, nothing is taken by what fails. Pure, not thread-safe; the bytes must outlive it.
class LittleEndianReader {
 public:
  explicit LittleEndianReader(ByteView bytes) : rest_(bytes) {}

  std::optional<uint8_t> U8() { return Number<uint8_t>(); }
  std::optional<uint16_t> U16() { return Number<uint16_t>(); }
  std::optional<uint32_t> U32() { return Number<uint32_t>(); }
  std::optional<uint64_t> U64() { return Number<uint64_t>(); }
  std::optional<ByteView> Raw(uint64_t size) {
    if (size > rest_.size()) return std::nullopt;
    const ByteView taken = rest_.first(static_cast<size_t>(size));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  size_t remaining() const { return rest_.size(); }
  ByteView rest() const { return rest_; }

 private:
  template <typename T>
  std::optional<T> Number() {
    const auto bytes = Raw(sizeof(T));
    if (!bytes) return std::nullopt;
    uint64_t value = 0;
    for (size_t i = sizeof(T); i-- > 0;) value = value << 8 | (*bytes)[i];
    return static_cast<T>(value);
  }
  ByteView rest_;
};

}  // namespace preseal::server
