// SPDX-License-Identifier: Apache-2.0
#include "server/cli/progress_line.h"

#include <iostream>

namespace preseal::server::cli {

void ProgressLine::Show(std::string_view text) {
  if (!terminal_.err_is_terminal) return;
  *terminal_.err << "\r\x1b[K" << text << std::flush;
  shown_ = true;
}

void ProgressLine::Clear() {
  if (!shown_) return;
  *terminal_.err << "\r\x1b[K" << std::flush;
  shown_ = false;
}

}  // namespace preseal::server::cli
