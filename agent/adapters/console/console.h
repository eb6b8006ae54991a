// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "agent/adapters/console/screen.h"

namespace preseal::agent {

enum class DisplayMode {
  kAuto,   // kTty if standard output is a terminal that can move its cursor, else kPlain
  kPlain,  // one line per change on standard output, for serial logs and scripts
  kTty,    // full screen; redrawn at most once per kScreenRedrawInterval
  kNone,   // shows nothing
};

// The device's screen. The full-screen display takes the terminal's alternate screen until it is
// destroyed; it starts one thread. ASCII only when TERM is linux or the locale (LC_ALL, LC_CTYPE,
// LANG) is not UTF-8; no colour when NO_COLOR is set or TERM is dumb. Text from outside is escaped.
std::unique_ptr<Screen> MakeDisplay(DisplayMode mode);

// Whether that mode will be the full screen.
bool IsFullScreen(DisplayMode mode);

// Puts the terminal back if a full-screen display or a Keyboard holds it; otherwise does nothing.
// Async-signal-safe: for handlers of signals that end the process without running destructors.
void RestoreTerminal();

}  // namespace preseal::agent
