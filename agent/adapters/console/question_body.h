// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "agent/adapters/console/screen_model.h"
#include "agent/adapters/console/style.h"

namespace preseal::agent {

// The body while a person is asked something, at most `height` lines: title, text, numbered
// choices, the line that is being typed, and a QR code beside them if it fits. Pure.
std::vector<std::string> QuestionBody(const ScreenModel& model, size_t width, size_t height,
                                      const FrameStyle& style);

// The text in the person's language; if that is not known, or not there: in English, then, if it is
// not known, in all others.
std::vector<std::string> TextsFor(const Question& question);

// "[P] provision  [F] refresh": the buttons that are allowed now. Pure.
std::string ActionLine(const std::vector<DeviceAction>& actions, size_t width,
                       const FrameStyle& style);

}  // namespace preseal::agent
