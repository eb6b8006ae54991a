// SPDX-License-Identifier: Apache-2.0
// Colours and shapes of the screen. A state always shows as shape + word + colour, so that it reads
// without colour and without Unicode. Pure.
#pragma once

#include <string>
#include <string_view>

#include "agent/domain/item.h"

namespace preseal::agent {

enum class Tone { kPlain, kDim, kBold, kGood, kBad, kBusy, kWarn };

struct FrameStyle {
  bool unicode = true;
  bool colour = true;
};

// What stands before and after a state.
struct StateMark {
  std::string_view shape;  // one column
  std::string_view word;   // at most kStateWordColumns
  Tone tone;
};
inline constexpr size_t kStateWordColumns = 9;

StateMark MarkOf(ItemState state, bool already_done, const FrameStyle& style);
std::string_view NameOf(Phase phase);

// `text` in the tone's colour, or unchanged without colour. `text` must not hold escapes itself.
std::string Paint(std::string_view text, Tone tone, const FrameStyle& style);

// Printable form of text from outside: escaped, and with anything but ASCII as '?' if the screen
// cannot show it.
std::string Printable(std::string_view text, const FrameStyle& style);

// "…" or "~".
std::string_view Ellipsis(const FrameStyle& style);

// A bar of exactly `columns` (at least 2), filled to `percent`.
std::string Bar(uint32_t percent, size_t columns, const FrameStyle& style);

}  // namespace preseal::agent
