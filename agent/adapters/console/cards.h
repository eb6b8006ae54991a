// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/adapters/console/screen_model.h"
#include "agent/adapters/console/style.h"

namespace preseal::agent {

// The body before a run: what the technician compares, and the QR code beside it. Pure.
std::vector<std::string> LandingBody(const LandingCard& card, std::string_view activity,
                                     size_t width, size_t height, const FrameStyle& style);

// The body after a run or a refusal: the green or red card, and the QR code beside it. Pure.
std::vector<std::string> ResultBody(const ScreenModel& model, size_t width, size_t height,
                                    const FrameStyle& style);

}  // namespace preseal::agent
