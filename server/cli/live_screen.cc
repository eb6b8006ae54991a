// SPDX-License-Identifier: Apache-2.0
#include "server/cli/live_screen.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <vector>

namespace preseal::server::cli {

LiveScreen::LiveScreen(const Terminal& terminal) : terminal_(terminal) {
  *terminal_.out << "\x1b[?1049h\x1b[?25l\x1b[?7l" << std::flush;
}

LiveScreen::~LiveScreen() { *terminal_.out << "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l" << std::flush; }

void LiveScreen::Draw(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  const size_t rows = std::max<size_t>(terminal_.size().second, 2);
  std::string more;
  if (lines.size() > rows) {
    more = fmt::format("... and {} more", lines.size() - (rows - 1));
    lines.resize(rows - 1);
    lines.push_back(more);
  }
  std::string out = "\x1b[H";
  for (size_t i = 0; i < lines.size(); ++i) {
    out += fmt::format("\x1b[{};1H\x1b[2K{}", i + 1, lines[i]);
  }
  // Below the last line, not on it: that would eat a full line's last character.
  if (lines.size() < rows) out += fmt::format("\x1b[{};1H\x1b[J", lines.size() + 1);
  *terminal_.out << out << std::flush;
}

}  // namespace preseal::server::cli
