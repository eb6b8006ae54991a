// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/console/question_body.h"

#include <fmt/format.h>

#include "agent/adapters/console/editor.h"
#include "agent/adapters/console/line.h"
#include "agent/adapters/console/qr_beside.h"
#include "common/base/display_width.h"
#include "common/base/limits.h"

namespace preseal::agent {
namespace {

constexpr size_t kTextLinesMax = 200;  // then the rest is cut from the top, see below

void AddWrapped(std::vector<Line>* lines, std::string_view text, size_t columns, Tone tone,
                const FrameStyle& style) {
  if (columns <= 4) return;
  for (const std::string& piece : WrapText(text, columns - 4, kTextLinesMax, style)) {
    Line line(columns, style);
    line.Add("  ").AddRaw(Paint(piece, tone, style), DisplayWidth(piece));
    lines->push_back(std::move(line));
  }
}

// What must stay on the screen however long the text is.
std::vector<Line> AnswerLines(const ScreenModel& model, size_t columns, const FrameStyle& style) {
  const Question& question = *model.question;
  std::vector<Line> lines;
  lines.emplace_back(columns, style);
  for (size_t i = 0; i < question.choices.size(); ++i) {
    lines.emplace_back(columns, style)
        .Add(fmt::format("  {:2}  ", i + 1), Tone::kBold)
        .Add(question.choices[i]);
  }
  if (!question.complaint.empty())
    AddWrapped(&lines, question.complaint, columns, Tone::kWarn, style);
  // Nothing is typed where the answer comes from elsewhere.
  if (question.id == "authorize") return lines;
  Line typed(columns, style);
  typed.Add("  > ", Tone::kBusy).Add(model.typed);
  typed.Add(style.unicode ? "▏" : "_", Tone::kBusy);
  if (model.typed.empty() && !question.suggestion.empty()) {
    typed.Add(" Enter: ", Tone::kDim).Add(question.suggestion, Tone::kDim);
  }
  lines.push_back(std::move(typed));
  return lines;
}

std::vector<Line> QuestionText(const ScreenModel& model, size_t columns, size_t height,
                               const FrameStyle& style) {
  const Question& question = *model.question;
  std::vector<Line> lines;
  if (height > 10) lines.emplace_back(columns, style);
  lines.emplace_back(columns, style).Add("  ").Add(question.title, Tone::kBold);
  for (const std::string& text : TextsFor(question)) {
    AddWrapped(&lines, text, columns, Tone::kPlain, style);
  }
  std::vector<Line> answer = AnswerLines(model, columns, style);
  const size_t room = height > answer.size() ? height - answer.size() : 1;
  if (lines.size() > room) {
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(room), lines.end());
    lines.back() = Line(columns, style);
    lines.back().Add("  ").Add(Ellipsis(style), Tone::kDim);
  }
  for (Line& line : answer) lines.push_back(std::move(line));
  return lines;
}

}  // namespace

std::vector<std::string> TextsFor(const Question& question) {
  const auto english = question.text.find("en");
  const std::string base = question.language.substr(0, question.language.find('-'));
  for (const std::string& language : {question.language, base}) {
    const auto found = question.text.find(language);
    if (!language.empty() && found != question.text.end()) return {found->second};
  }
  std::vector<std::string> texts;
  if (english != question.text.end()) texts.push_back(english->second);
  if (!question.language.empty()) return texts;
  for (const auto& [language, text] : question.text) {
    if (language != "en") texts.push_back(text);
  }
  return texts;
}

std::vector<std::string> QuestionBody(const ScreenModel& model, size_t width, size_t height,
                                      const FrameStyle& style) {
  const QrSplit split = SplitForQr(model.question->qr_text, width, height, style);
  return BesideQr(QuestionText(model, split.text_columns, height, style), split, width, style);
}

std::string ActionLine(const std::vector<DeviceAction>& actions, size_t width,
                       const FrameStyle& style) {
  Line line(width, style);
  for (const DeviceAction action : actions) {
    const ActionKey& key = KeyOf(action);
    const std::string word = fmt::format(" {}  ", key.word);
    if (line.room() < word.size() + 4) break;
    line.Add(fmt::format(" [{}]", key.key), Tone::kBold).Add(word);
  }
  return std::move(line).Take();
}

}  // namespace preseal::agent
