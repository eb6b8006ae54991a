// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/adapters/console/style.h"

namespace preseal::agent {

// A QR code (ISO/IEC 18004, error correction level L) of `text` as screen lines.
struct QrPicture {
  std::vector<std::string> lines;  // each `columns` wide on the screen, colours not counted
  size_t columns = 0;
};

// Light modules are drawn, dark ones left black, so that it reads on a dark screen; with colour
// both are forced. Unicode: two modules per cell with half blocks; ASCII: two columns per module.
// Two modules of quiet zone, less than the standard's four, so that a device's address fits the 20
// free lines of an 80x24 screen. Empty if `text` is empty or too long for a QR code.
QrPicture DrawQr(std::string_view text, const FrameStyle& style);

}  // namespace preseal::agent
