// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/console/console.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "agent/adapters/console/plain_display.h"
#include "agent/adapters/console/tty_display.h"

namespace preseal::agent {
namespace {

class NoDisplay final : public Screen {
 public:
  void ShowActivity(std::string_view /*text*/) override {}
  void ShowConnection(bool /*connected*/, std::string_view /*detail*/) override {}
  void ShowLanding(const LandingCard& /*card*/) override {}
  void ShowItems(std::span<const Item> /*items*/, std::chrono::seconds /*elapsed*/) override {}
  void ShowLog(std::string_view /*item_id*/, std::string_view /*line*/) override {}
  void ShowResult(const ResultCard& /*card*/) override {}
  std::vector<InputEvent> Typed(std::string_view /*bytes*/) override { return {}; }
};

std::string_view Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

// The rule of setlocale: the first of these that is set decides.
bool LocaleIsUtf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view value = Environment(name);
    if (value.empty()) continue;
    for (const std::string_view mark : {"UTF-8", "utf8", "utf-8", "UTF8"}) {
      if (value.find(mark) != std::string_view::npos) return true;
    }
    return false;
  }
  return false;
}

FrameStyle StyleFromEnvironment() {
  const std::string_view term = Environment("TERM");
  return {.unicode = term != "linux" && LocaleIsUtf8(),
          .colour = Environment("NO_COLOR").empty() && term != "dumb"};
}

bool OutputMovesItsCursor() {
  const std::string_view term = Environment("TERM");
  return isatty(STDOUT_FILENO) == 1 && !term.empty() && term != "dumb";
}

void WriteLine(const std::string& line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

}  // namespace

bool IsFullScreen(DisplayMode mode) {
  return mode == DisplayMode::kTty || (mode == DisplayMode::kAuto && OutputMovesItsCursor());
}

std::unique_ptr<Screen> MakeDisplay(DisplayMode mode) {
  switch (mode) {
    case DisplayMode::kAuto:
      return MakeDisplay(IsFullScreen(mode) ? DisplayMode::kTty : DisplayMode::kPlain);
    case DisplayMode::kPlain:
      return std::make_unique<PlainDisplay>(WriteLine);
    case DisplayMode::kTty:
      return std::make_unique<TtyDisplay>(STDOUT_FILENO, StyleFromEnvironment());
    case DisplayMode::kNone:
      break;
  }
  return std::make_unique<NoDisplay>();
}

}  // namespace preseal::agent
