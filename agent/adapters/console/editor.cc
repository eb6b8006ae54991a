// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/console/editor.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "common/base/limits.h"

namespace preseal::agent {
namespace {

constexpr std::array kActionKeys = {
    ActionKey{DeviceAction::kRefresh, 'F', "refresh"},
    ActionKey{DeviceAction::kProvision, 'P', "provision"},
    ActionKey{DeviceAction::kRetry, 'R', "retry"},
    ActionKey{DeviceAction::kReset, 'S', "reset"},
    ActionKey{DeviceAction::kDiagnostics, 'D', "diagnostics"},
    ActionKey{DeviceAction::kContinue, 'C', "continue"},
};

char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool SameWord(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Upper(x) == Upper(y); });
}

bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

void RemoveLastCharacter(std::string* text) {
  while (!text->empty() && IsContinuation(text->back())) text->pop_back();
  if (!text->empty()) text->pop_back();
}

std::string_view Trimmed(std::string_view text) {
  const auto is_end = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_end(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_end(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

const ActionKey& KeyOf(DeviceAction action) {
  for (const ActionKey& key : kActionKeys) {
    if (key.action == action) return key;
  }
  std::abort();
}

void Editor::SetQuestion(const std::optional<Question>& question) {
  if (question == question_) return;
  question_ = question;
  typed_.clear();
}

std::optional<InputEvent> Editor::Key(char byte) {
  if (SkipsEscape(byte)) return std::nullopt;
  if (!question_) return ActionOf({&byte, 1});
  const auto value = static_cast<unsigned char>(byte);
  if (byte == '\r' || byte == '\n') {
    const InputEvent event = Answer(typed_);
    typed_.clear();
    return event;
  }
  if (value == 0x7F || value == 0x08) {
    RemoveLastCharacter(&typed_);
  } else if (value == 0x15) {  // Ctrl-U
    typed_.clear();
  } else if (value >= 0x20 && typed_.size() < kTypedBytesMax) {
    typed_ += byte;
  }
  return std::nullopt;
}

// ESC [ … letter, ESC O letter: arrows and the like.
bool Editor::SkipsEscape(char byte) {
  switch (escape_) {
    case Escape::kNone:
      if (byte == '\x1b') escape_ = Escape::kBegun;
      return byte == '\x1b';
    case Escape::kBegun:
      escape_ = byte == '[' || byte == 'O' ? Escape::kSequence : Escape::kNone;
      return escape_ == Escape::kSequence;
    case Escape::kSequence:
      if (byte >= 0x40 && byte <= 0x7E) escape_ = Escape::kNone;
      return true;
  }
  return false;
}

std::optional<InputEvent> Editor::TakeLine(std::string_view line) {
  line = Trimmed(line).substr(0, kTypedBytesMax);
  if (!question_) return ActionOf(line);
  if (line.starts_with('/')) {
    if (auto action = ActionOf(line.substr(1))) return action;
  }
  return Answer(line);
}

std::optional<InputEvent> Editor::ActionOf(std::string_view word) const {
  for (const DeviceAction action : actions_) {
    const ActionKey& key = KeyOf(action);
    const bool letter = word.size() == 1 && Upper(word[0]) == key.key;
    if (letter || SameWord(word, key.word)) return InputEvent{action, "", ""};
  }
  return std::nullopt;
}

InputEvent Editor::Answer(std::string_view typed) const {
  InputEvent event{std::nullopt, question_->id, std::string(typed)};
  const auto& choices = question_->choices;
  if (choices.size() == 1 && typed.empty()) event.answer = choices[0];
  if (std::find(choices.begin(), choices.end(), typed) != choices.end()) return event;
  size_t number = 0;
  const auto [end, error] = std::from_chars(typed.data(), typed.data() + typed.size(), number);
  const bool is_number = error == std::errc() && end == typed.data() + typed.size();
  if (is_number && number >= 1 && number <= choices.size()) event.answer = choices[number - 1];
  return event;
}

std::string Editor::Shown() const {
  if (!question_ || !question_->secret) return typed_;
  return std::string(static_cast<size_t>(std::count_if(typed_.begin(), typed_.end(),
                                                       [](char c) { return !IsContinuation(c); })),
                     '*');
}

}  // namespace preseal::agent
