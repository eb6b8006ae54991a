// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "agent/adapters/console/editor.h"
#include "agent/service/status_display.h"

namespace preseal::agent {

// A display that a person can answer.
class Screen : public StatusDisplay {
 public:
  // What was typed, as the terminal gave it; what it comes to is returned. Thread-safe, also beside
  // the display's other calls.
  virtual std::vector<InputEvent> Typed(std::string_view bytes) = 0;
};

}  // namespace preseal::agent
