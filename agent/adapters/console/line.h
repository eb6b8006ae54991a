// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/adapters/console/style.h"

namespace preseal::agent {

// One screen line of limited width, built left to right; what does not fit is cut, never wrapped.
// Texts are made printable here, so callers pass them as they came.
class Line {
 public:
  Line(size_t width, const FrameStyle& style) : width_(width), style_(style) {}

  Line& Add(std::string_view text, Tone tone = Tone::kPlain);
  // `text` padded or cut to exactly `columns`, as far as the line has room.
  Line& AddFitted(std::string_view text, size_t columns, Tone tone = Tone::kPlain);
  // Our own drawing, `columns` wide, taken as it is; dropped if it does not fit whole.
  Line& AddRaw(std::string_view drawing, size_t columns);
  // Spaces up to column `column`; at least none.
  Line& PadTo(size_t column);
  // Ends the line so that `text` touches the right edge; dropped if there is no room for it whole
  // and a space before it.
  Line& AddRight(std::string_view text, Tone tone = Tone::kPlain);

  size_t room() const { return width_ - used_; }
  size_t used() const { return used_; }
  std::string Take() && { return std::move(out_); }

 private:
  size_t width_;
  FrameStyle style_;
  size_t used_ = 0;
  std::string out_;
};

// `text` broken at spaces into lines of at most `width` columns, made printable; a longer word is
// cut into pieces. At most `lines_max`, the last ending with an ellipsis if more would follow.
std::vector<std::string> WrapText(std::string_view text, size_t width, size_t lines_max,
                                  const FrameStyle& style);

}  // namespace preseal::agent
