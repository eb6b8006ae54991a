// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/console/line.h"

#include <algorithm>

#include "common/base/display_width.h"

namespace preseal::agent {

Line& Line::Add(std::string_view text, Tone tone) {
  const std::string cut = CutWidth(Printable(text, style_), room(), Ellipsis(style_));
  used_ += DisplayWidth(cut);
  out_ += Paint(cut, tone, style_);
  return *this;
}

Line& Line::AddFitted(std::string_view text, size_t columns, Tone tone) {
  const std::string fitted =
      FitWidth(Printable(text, style_), std::min(columns, room()), Ellipsis(style_));
  used_ += DisplayWidth(fitted);
  out_ += Paint(fitted, tone, style_);
  return *this;
}

Line& Line::AddRaw(std::string_view drawing, size_t columns) {
  if (columns > room()) return *this;
  used_ += columns;
  out_ += drawing;
  return *this;
}

Line& Line::PadTo(size_t column) {
  const size_t target = std::min(column, width_);
  if (target > used_) {
    out_.append(target - used_, ' ');
    used_ = target;
  }
  return *this;
}

Line& Line::AddRight(std::string_view text, Tone tone) {
  const size_t columns = DisplayWidth(Printable(text, style_));
  if (columns + 1 > room()) return *this;
  PadTo(width_ - columns);
  return Add(text, tone);
}

namespace {

// The first piece of `text` of at most `width` columns, broken at its last space if there is one.
std::string TakePiece(std::string* text, size_t width) {
  std::string piece = CutWidth(*text, width, "");
  if (piece.empty()) piece = text->substr(0, 1);  // a wide character in one column: still advance
  if (piece.size() < text->size() && (*text)[piece.size()] != ' ') {
    const size_t space = piece.rfind(' ');
    if (space != std::string::npos && space > 0) piece.resize(space);
  }
  text->erase(0, piece.size());
  text->erase(0, std::min(text->find_first_not_of(' '), text->size()));
  return piece;
}

}  // namespace

std::vector<std::string> WrapText(std::string_view text, size_t width, size_t lines_max,
                                  const FrameStyle& style) {
  std::string rest = Printable(text, style);
  std::vector<std::string> lines;
  while (!rest.empty() && lines.size() < lines_max && width > 0) {
    if (lines.size() + 1 == lines_max) {
      lines.push_back(CutWidth(rest, width, Ellipsis(style)));
      break;
    }
    lines.push_back(TakePiece(&rest, width));
  }
  return lines;
}

}  // namespace preseal::agent
