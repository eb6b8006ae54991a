// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "agent/adapters/console/screen_model.h"
#include "agent/adapters/console/style.h"

namespace preseal::agent {

// The body of a running screen, at most `height` lines; see Frame. Pure.
std::vector<std::string> ItemBody(const ScreenModel& model, size_t width, size_t height,
                                  const FrameStyle& style);

// Whether the item has ended, well or not.
bool IsEnded(const Item& item);

}  // namespace preseal::agent
