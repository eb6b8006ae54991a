// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "agent/service/status_display.h"

namespace preseal::agent {

// Answers given beforehand, by question id; each is taken once, instead of asking.
using PreparedAnswers = std::map<std::string, std::string>;

// What a person at the device enters. Thread-safe; calls return at once. Nothing is trusted: an
// action that is not offered, or an answer to a question that is not asked, is dropped.
class PersonInput {
 public:
  virtual ~PersonInput() = default;
  virtual void Pressed(DeviceAction action) = 0;
  //   question_id  Question::id
  //   answer       as typed, one of the choices where there are any; at most
  //                kPromptAnswerBytesMax. May be a secret: never logged.
  virtual void Answered(const std::string& question_id, const std::string& answer) = 0;
};

}  // namespace preseal::agent
