// SPDX-License-Identifier: Apache-2.0
#include "common/base/display_width.h"

#include <cstdint>

namespace preseal {
namespace {

struct Range {
  uint32_t first;
  uint32_t last;
};

constexpr Range kZero[] = {{0x0300, 0x036F}, {0x200B, 0x200F}, {0x20D0, 0x20FF},
                           {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xE0100, 0xE01EF}};
constexpr Range kWide[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},
                           {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},
                           {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F},
                           {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};

template <size_t N>
bool In(const Range (&ranges)[N], uint32_t code) {
  for (const Range& range : ranges) {
    if (code >= range.first && code <= range.last) return true;
  }
  return false;
}

// Bytes of the sequence that `lead` begins; 1 for a stray byte, so that callers always advance.
size_t SequenceLength(uint8_t lead) {
  if (lead >= 0xF0) return 4;
  if (lead >= 0xE0) return 3;
  if (lead >= 0xC0) return 2;
  return 1;
}

size_t WidthOf(std::string_view sequence) {
  const auto lead = static_cast<uint8_t>(sequence[0]);
  if (sequence.size() == 1) return 1;
  uint32_t code = lead & (0xFFu >> (sequence.size() + 1));
  for (const char c : sequence.substr(1)) code = (code << 6) | (static_cast<uint8_t>(c) & 0x3Fu);
  if (In(kZero, code)) return 0;
  return In(kWide, code) ? 2 : 1;
}

std::string_view NextSequence(std::string_view text) {
  return text.substr(0, SequenceLength(static_cast<uint8_t>(text[0])));
}

}  // namespace

size_t DisplayWidth(std::string_view text) {
  size_t columns = 0;
  while (!text.empty()) {
    const std::string_view sequence = NextSequence(text);
    columns += WidthOf(sequence);
    text.remove_prefix(sequence.size());
  }
  return columns;
}

std::string CutWidth(std::string_view text, size_t columns, std::string_view ellipsis) {
  if (DisplayWidth(text) <= columns) return std::string(text);
  const size_t ellipsis_columns = DisplayWidth(ellipsis);
  const size_t room = columns > ellipsis_columns ? columns - ellipsis_columns : 0;
  std::string out;
  size_t used = 0;
  while (!text.empty()) {
    const std::string_view sequence = NextSequence(text);
    if (used + WidthOf(sequence) > room) break;
    used += WidthOf(sequence);
    out += sequence;
    text.remove_prefix(sequence.size());
  }
  if (columns >= ellipsis_columns) out += ellipsis;
  return out;
}

std::string FitWidth(std::string_view text, size_t columns, std::string_view ellipsis) {
  std::string out = CutWidth(text, columns, ellipsis);
  const size_t used = DisplayWidth(out);
  if (used < columns) out.append(columns - used, ' ');
  return out;
}

}  // namespace preseal
