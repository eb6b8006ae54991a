// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "agent/adapters/console/screen_model.h"
#include "agent/adapters/console/style.h"

namespace preseal::agent {

inline constexpr size_t kFrameWidthMin = 20;
inline constexpr size_t kFrameHeightMin = 6;

// The whole screen: exactly `height` lines of at most `width` columns, top to bottom. Pure.
//   header   product, organisation, device id, connection
//   body     the landing card with its QR code before a run, phases and items during it, the
//            result card after it
//            or a question to the person in front of it; where the profile wants no progress
//            shown, only the activity
//   buttons  those that are allowed now, unless something is asked
//   footer   what came of a button, what the agent is doing, or the newest log line
// A QR code that does not fit is left out and its text shown instead. If the items do not fit, a
// window around the first unfinished or failed one is shown, with how many lie above and below.
// Sizes below the minimum are drawn at the minimum.
std::vector<std::string> Frame(const ScreenModel& model, size_t width, size_t height,
                               const FrameStyle& style);

// "4:05", "1:02:03".
std::string ElapsedText(std::chrono::seconds elapsed);

}  // namespace preseal::agent
