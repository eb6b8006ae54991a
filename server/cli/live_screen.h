// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "server/cli/terminal.h"

namespace preseal::server::cli {

// A terminal's alternate screen while it lives: what was there before comes back.
class LiveScreen {
 public:
  explicit LiveScreen(const Terminal& terminal);
  ~LiveScreen();
  LiveScreen(const LiveScreen&) = delete;
  LiveScreen& operator=(const LiveScreen&) = delete;

  // Replaces the picture. Lines below the terminal's last but one are left out and counted.
  void Draw(std::string_view text);

 private:
  const Terminal& terminal_;
};

}  // namespace preseal::server::cli
