// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/console/style.h"

#include <algorithm>

#include "common/base/bytes.h"
#include "common/base/limits.h"

namespace preseal::agent {
namespace {

std::string_view ColourOf(Tone tone) {
  switch (tone) {
    case Tone::kPlain:
      return "";
    case Tone::kDim:
      return "\x1b[2m";
    case Tone::kBold:
      return "\x1b[1m";
    case Tone::kGood:
      return "\x1b[1;32m";
    case Tone::kBad:
      return "\x1b[1;31m";
    case Tone::kBusy:
      return "\x1b[1;36m";
    case Tone::kWarn:
      return "\x1b[1;33m";
  }
  return "";
}

}  // namespace

StateMark MarkOf(ItemState state, bool already_done, const FrameStyle& style) {
  const bool u = style.unicode;
  switch (state) {
    case ItemState::kNotStarted:
      return {u ? "○" : ".", "waiting", Tone::kDim};
    case ItemState::kIdentifying:
      return {u ? "◔" : "?", "checking", Tone::kBusy};
    case ItemState::kInProgress:
      return {u ? "▶" : ">", "working", Tone::kBusy};
    case ItemState::kVerifying:
      return {u ? "◕" : "?", "verifying", Tone::kBusy};
    case ItemState::kSucceeded:
      if (already_done) return {u ? "✓" : "+", "in place", Tone::kGood};
      return {u ? "✓" : "+", "done", Tone::kGood};
    case ItemState::kFailed:
      return {u ? "✗" : "X", "FAILED", Tone::kBad};
    case ItemState::kNotRequired:
      return {u ? "–" : "-", "not due", Tone::kDim};
  }
  return {"?", "unknown", Tone::kWarn};
}

std::string_view NameOf(Phase phase) {
  switch (phase) {
    case Phase::kDevicePreparation:
      return "Device preparation";
    case Phase::kDeviceSetup:
      return "Device setup";
    case Phase::kAccountSetup:
      return "Account setup";
  }
  return "Unknown phase";
}

std::string Paint(std::string_view text, Tone tone, const FrameStyle& style) {
  const std::string_view colour = ColourOf(tone);
  if (!style.colour || colour.empty()) return std::string(text);
  return std::string(colour) + std::string(text) + "\x1b[0m";
}

std::string Printable(std::string_view text, const FrameStyle& style) {
  std::string escaped = EscapeForLog(text, kEventTextBytesMax);
  if (style.unicode) return escaped;
  std::string ascii;
  for (const char c : escaped) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x80) {
      ascii += c;
    } else if (byte >= 0xC0) {  // once per character: continuation bytes are dropped
      ascii += '?';
    }
  }
  return ascii;
}

std::string_view Ellipsis(const FrameStyle& style) { return style.unicode ? "…" : "~"; }

std::string Bar(uint32_t percent, size_t columns, const FrameStyle& style) {
  const size_t inside = style.unicode ? columns : columns - 2;
  // Rounded down, so that a full bar means 100 % and nothing less.
  const size_t filled = std::min<size_t>(percent, 100) * inside / 100;
  std::string out = style.unicode ? "" : "[";
  for (size_t i = 0; i < inside; ++i) {
    if (style.unicode) {
      out += i < filled ? "█" : "░";
    } else {
      out += i < filled ? '#' : '.';
    }
  }
  return style.unicode ? out : out + "]";
}

}  // namespace preseal::agent
