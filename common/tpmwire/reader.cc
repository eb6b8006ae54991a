// SPDX-License-Identifier: Apache-2.0
#include "common/tpmwire/reader.h"

#include <fmt/format.h>

namespace preseal::tpmwire {

StatusOr<ByteView> Reader::Raw(size_t size, std::string_view what) {
  if (size > rest_.size()) {
    return InvalidArgument(fmt::format("{}: {} bytes expected, {} left", what, size, rest_.size()));
  }
  const ByteView taken = rest_.first(size);
  rest_ = rest_.subspan(size);
  return taken;
}

StatusOr<uint64_t> Reader::Number(size_t width, std::string_view what) {
  ASSIGN_OR_RETURN(const ByteView bytes, Raw(width, what));
  uint64_t value = 0;
  for (const uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

StatusOr<uint8_t> Reader::U8(std::string_view what) {
  ASSIGN_OR_RETURN(const uint64_t value, Number(1, what));
  return static_cast<uint8_t>(value);
}

StatusOr<uint16_t> Reader::U16(std::string_view what) {
  ASSIGN_OR_RETURN(const uint64_t value, Number(2, what));
  return static_cast<uint16_t>(value);
}

StatusOr<uint32_t> Reader::U32(std::string_view what) {
  ASSIGN_OR_RETURN(const uint64_t value, Number(4, what));
  return static_cast<uint32_t>(value);
}

StatusOr<uint64_t> Reader::U64(std::string_view what) { return Number(8, what); }

StatusOr<ByteView> Reader::Sized(size_t size_max, std::string_view what) {
  ASSIGN_OR_RETURN(const uint16_t size, U16(what));
  if (size > size_max) {
    return InvalidArgument(fmt::format("{}: {} bytes, at most {} allowed", what, size, size_max));
  }
  return Raw(size, what);
}

Status Reader::End(std::string_view what) const {
  if (rest_.empty()) return OkStatus();
  return InvalidArgument(fmt::format("{}: {} bytes after the end", what, rest_.size()));
}

}  // namespace preseal::tpmwire
