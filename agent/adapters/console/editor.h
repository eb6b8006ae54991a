// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/service/status_display.h"

namespace preseal::agent {

// What typing came to: a button, or the answer to a question.
struct InputEvent {
  std::optional<DeviceAction> action;
  std::string question_id;  // if it is no action
  std::string answer;       // may be a secret

  bool operator==(const InputEvent&) const = default;
};

// A button's key, shown as "[F] refresh".
struct ActionKey {
  DeviceAction action;
  char key;  // capital
  std::string_view word;
};
const ActionKey& KeyOf(DeviceAction action);

// Turns what is typed into answers and buttons. While something is asked all keys belong to the
// answer; otherwise a letter is a button. A choice may be named by its number. Pure; not
// thread-safe.
class Editor {
 public:
  // Another question, or none, forgets what was typed; the same one with a complaint does not ask
  // for what was typed before either.
  void SetQuestion(const std::optional<Question>& question);
  void SetActions(const std::vector<DeviceAction>& actions) { actions_ = actions; }

  // One byte from a terminal that gives every key at once. Escape sequences are skipped.
  std::optional<InputEvent> Key(char byte);
  // One whole line, without its end. Beside answers it may name a button: "retry", or "/retry"
  // while something is asked.
  std::optional<InputEvent> TakeLine(std::string_view line);

  // The line as it may be shown: of a secret, one star for each character.
  std::string Shown() const;

 private:
  std::optional<InputEvent> ActionOf(std::string_view word) const;
  InputEvent Answer(std::string_view typed) const;
  bool SkipsEscape(char byte);

  std::optional<Question> question_;
  std::vector<DeviceAction> actions_;
  std::string typed_;
  enum class Escape { kNone, kBegun, kSequence };
  Escape escape_ = Escape::kNone;
};

}  // namespace preseal::agent
