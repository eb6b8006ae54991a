// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/console/qr_beside.h"

#include <algorithm>
#include <utility>

namespace preseal::agent {
namespace {

constexpr size_t kTextColumnsMin = 34;  // left of a QR code

}  // namespace

QrSplit SplitForQr(std::string_view qr_text, size_t width, size_t height, const FrameStyle& style) {
  QrSplit split{DrawQr(qr_text, style), width, false};
  const bool fits = !split.qr.lines.empty() && split.qr.lines.size() <= height &&
                    split.qr.columns + kTextColumnsMin + 2 <= width;
  if (fits) {
    split.shown = true;
    split.text_columns = width - split.qr.columns - 2;
  }
  return split;
}

std::vector<std::string> BesideQr(std::vector<Line> text, const QrSplit& split, size_t width,
                                  const FrameStyle& style) {
  const size_t count = std::max(text.size(), split.shown ? split.qr.lines.size() : 0);
  while (text.size() < count) text.emplace_back(split.text_columns, style);
  std::vector<std::string> lines;
  for (size_t i = 0; i < count; ++i) {
    if (!split.shown || i >= split.qr.lines.size()) {
      lines.push_back(std::move(text[i]).Take());
      continue;
    }
    const size_t used = text[i].used();
    Line line(width, style);
    line.AddRaw(std::move(text[i]).Take(), used).PadTo(width - split.qr.columns);
    line.AddRaw(split.qr.lines[i], split.qr.columns);
    lines.push_back(std::move(line).Take());
  }
  return lines;
}

}  // namespace preseal::agent
