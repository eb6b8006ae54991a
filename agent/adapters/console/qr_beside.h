// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/adapters/console/line.h"
#include "agent/adapters/console/qr.h"

namespace preseal::agent {

// A body parted in text and the code right of it.
struct QrSplit {
  QrPicture qr;
  size_t text_columns;
  bool shown = false;  // there is a code and room for it
};

QrSplit SplitForQr(std::string_view qr_text, size_t width, size_t height, const FrameStyle& style);

// Lines of text with the code to their right, if it has its place.
std::vector<std::string> BesideQr(std::vector<Line> text, const QrSplit& split, size_t width,
                                  const FrameStyle& style);

}  // namespace preseal::agent
