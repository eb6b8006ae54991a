// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/console/qr.h"

#include <qrencode.h>

#include <memory>

namespace preseal::agent {
namespace {

constexpr int kQuietModules = 2;

struct QrFree {
  void operator()(QRcode* code) const { QRcode_free(code); }
};

// The quiet zone is light like the code's own light modules.
bool IsLight(const QRcode& code, int x, int y) {
  if (x < 0 || y < 0 || x >= code.width || y >= code.width) return true;
  return (code.data[y * code.width + x] & 1) == 0;
}

std::string HalfBlockLine(const QRcode& code, int top) {
  std::string line;
  for (int x = -kQuietModules; x < code.width + kQuietModules; ++x) {
    const bool upper = IsLight(code, x, top);
    // An odd number of rows leaves the last lower half outside the picture.
    const bool lower = top + 1 < code.width + kQuietModules && IsLight(code, x, top + 1);
    line += upper ? (lower ? "█" : "▀") : (lower ? "▄" : " ");
  }
  return line;
}

std::string AsciiLine(const QRcode& code, int y, bool colour) {
  std::string line;
  for (int x = -kQuietModules; x < code.width + kQuietModules; ++x) {
    const bool light = IsLight(code, x, y);
    if (colour) {
      line += light ? "\x1b[47m  " : "\x1b[40m  ";
    } else {
      line += light ? "##" : "  ";
    }
  }
  return colour ? line + "\x1b[0m" : line;
}

}  // namespace

QrPicture DrawQr(std::string_view text, const FrameStyle& style) {
  QrPicture picture;
  if (text.empty()) return picture;
  const std::unique_ptr<QRcode, QrFree> code(
      QRcode_encodeString8bit(std::string(text).c_str(), /*version=*/0, QR_ECLEVEL_L));
  if (code == nullptr) return picture;
  const int end = code->width + kQuietModules;
  const auto modules = static_cast<size_t>(code->width + 2 * kQuietModules);
  if (style.unicode) {
    picture.columns = modules;
    for (int y = -kQuietModules; y < end; y += 2) {
      std::string line = HalfBlockLine(*code, y);
      picture.lines.push_back(style.colour ? "\x1b[97;40m" + line + "\x1b[0m" : std::move(line));
    }
  } else {
    picture.columns = modules * 2;
    for (int y = -kQuietModules; y < end; ++y) {
      picture.lines.push_back(AsciiLine(*code, y, style.colour));
    }
  }
  return picture;
}

}  // namespace preseal::agent
