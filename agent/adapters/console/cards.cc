// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/console/cards.h"

#include <algorithm>

#include "agent/adapters/console/frame.h"
#include "agent/adapters/console/line.h"
#include "agent/adapters/console/qr.h"
#include "common/base/display_width.h"

namespace preseal::agent {
namespace {

constexpr size_t kLabelColumns = 11;
constexpr size_t kTextColumnsMin = 34;    // left of a QR code
constexpr size_t kTextLinesMax = 5;       // of one wrapped text in a card
constexpr size_t kTextLinesMaxSmall = 3;  // so that the remedy keeps its place on a small screen

// What stands left of the code, and whether the code has its place.
struct Split {
  QrPicture qr;
  size_t text_columns;
  bool shown = false;
};

Split SplitFor(std::string_view qr_text, size_t width, size_t height, const FrameStyle& style) {
  Split split{DrawQr(qr_text, style), width, false};
  const bool fits = !split.qr.lines.empty() && split.qr.lines.size() <= height &&
                    split.qr.columns + kTextColumnsMin + 2 <= width;
  if (fits) {
    split.shown = true;
    split.text_columns = width - split.qr.columns - 2;
  }
  return split;
}

// Lines of text with the code to their right, if it has its place.
std::vector<std::string> Beside(std::vector<Line> text, const Split& split, size_t width,
                                const FrameStyle& style) {
  const size_t count = std::max(text.size(), split.shown ? split.qr.lines.size() : 0);
  while (text.size() < count) text.emplace_back(split.text_columns, style);
  std::vector<std::string> lines;
  for (size_t i = 0; i < count; ++i) {
    if (!split.shown || i >= split.qr.lines.size()) {
      lines.push_back(std::move(text[i]).Take());
      continue;
    }
    const size_t used = text[i].used();
    Line line(width, style);
    line.AddRaw(std::move(text[i]).Take(), used).PadTo(width - split.qr.columns);
    line.AddRaw(split.qr.lines[i], split.qr.columns);
    lines.push_back(std::move(line).Take());
  }
  return lines;
}

// Adds "label  text", wrapped with a hanging indent; nothing if `text` is empty.
void AddLabelled(std::vector<Line>* lines, std::string_view label, std::string_view text,
                 size_t columns, const FrameStyle& style, size_t lines_max = kTextLinesMax) {
  const size_t indent = kLabelColumns + 2;
  if (columns <= indent) return;
  bool first = true;
  for (const std::string& piece : WrapText(text, columns - indent, lines_max, style)) {
    Line line(columns, style);
    line.Add("  ").AddFitted(first ? label : "", kLabelColumns, Tone::kDim);
    // Already printable: adding it again would escape its escapes.
    line.AddRaw(piece, DisplayWidth(piece));
    lines->push_back(std::move(line));
    first = false;
  }
}

void AddIdentity(std::vector<Line>* lines, const LandingCard& card, size_t columns,
                 const FrameStyle& style) {
  AddLabelled(lines, "Profile", card.profile, columns, style);
  AddLabelled(lines, "User", card.assigned_user.empty() ? "nobody yet" : card.assigned_user,
              columns, style);
  AddLabelled(lines, "Device", card.device_id, columns, style);
  AddLabelled(lines, "Serial", card.serial_number, columns, style);
}

struct Verdict {
  std::string_view unicode;
  std::string_view ascii;
  Tone tone;
};

Verdict VerdictOf(ResultCard::Outcome outcome) {
  switch (outcome) {
    case ResultCard::Outcome::kReadyToSeal:
      return {"✓ GREEN", "+ GREEN", Tone::kGood};
    case ResultCard::Outcome::kSealed:
      return {"✓ SEALED", "+ SEALED", Tone::kGood};
    case ResultCard::Outcome::kFailed:
      return {"✗ FAILED", "X FAILED", Tone::kBad};
    case ResultCard::Outcome::kRefused:
      return {"✗ REFUSED", "X REFUSED", Tone::kBad};
    case ResultCard::Outcome::kBlocked:
      return {"■ BLOCKED", "# BLOCKED", Tone::kBad};
  }
  return {"✗ FAILED", "X FAILED", Tone::kBad};
}

// A rule in the verdict's colour, so that the card reads across the room.
Line ThickRule(size_t columns, Tone tone, const FrameStyle& style) {
  std::string rule;
  for (size_t i = 0; i + 2 < columns; ++i) rule += style.unicode ? "━" : "=";
  Line line(columns, style);
  line.Add(" ").AddRaw(Paint(rule, tone, style), columns - 2);
  return line;
}

}  // namespace

std::vector<std::string> LandingBody(const LandingCard& card, std::string_view activity,
                                     size_t width, size_t height, const FrameStyle& style) {
  const Split split = SplitFor(card.qr_text, width, height, style);
  const size_t columns = split.text_columns;
  std::vector<Line> lines;
  if (height > 10) lines.emplace_back(columns, style);
  lines.emplace_back(columns, style).Add("  ").Add(card.organisation, Tone::kBold);
  lines.emplace_back(columns, style);
  AddIdentity(&lines, card, columns, style);
  if (card.lab) {
    lines.emplace_back(columns, style);
    lines.emplace_back(columns, style).Add("  LAB - not for production", Tone::kWarn);
  }
  if (card.quarantined) {
    lines.emplace_back(columns, style);
    lines.emplace_back(columns, style).Add("  QUARANTINED - will not be sealed", Tone::kWarn);
  }
  if (!split.shown) AddLabelled(&lines, "Open", card.qr_text, columns, style);
  if (height > 10) {
    lines.emplace_back(columns, style);
    lines.emplace_back(columns, style).Add("  ").Add(activity, Tone::kBusy);
  }
  return Beside(std::move(lines), split, width, style);
}

namespace {

std::vector<Line> ResultText(const ScreenModel& model, size_t columns, bool roomy,
                             const FrameStyle& style) {
  const ResultCard& card = *model.result;
  const Verdict verdict = VerdictOf(card.outcome);
  std::vector<Line> lines;
  if (roomy) lines.push_back(ThickRule(columns, verdict.tone, style));
  Line title(columns, style);
  title.Add("  ").AddRaw(
      Paint(style.unicode ? verdict.unicode : verdict.ascii, verdict.tone, style),
      DisplayWidth(verdict.unicode));
  title.Add("  ").Add(card.title, Tone::kBold).AddRight(ElapsedText(card.elapsed) + " ");
  lines.push_back(std::move(title));
  if (roomy) lines.push_back(ThickRule(columns, verdict.tone, style));
  AddLabelled(&lines, "Code", card.code, columns, style);
  // What to do comes before the details: a small screen cuts from the end.
  const size_t lines_max = roomy ? kTextLinesMax : kTextLinesMaxSmall;
  AddLabelled(&lines, "What", card.message, columns, style, lines_max);
  AddLabelled(&lines, "Do", card.remedy, columns, style, lines_max);
  AddLabelled(&lines, "Seen", card.seen, columns, style);
  AddLabelled(&lines, "Expected", card.expected, columns, style);
  if (model.landing && roomy) {
    lines.emplace_back(columns, style);
    AddIdentity(&lines, *model.landing, columns, style);
    if (model.landing->lab) {
      lines.emplace_back(columns, style).Add("  LAB - not for production", Tone::kWarn);
    }
    if (model.landing->quarantined) {
      lines.emplace_back(columns, style).Add("  QUARANTINED - will not be sealed", Tone::kWarn);
    }
  }
  return lines;
}

}  // namespace

std::vector<std::string> ResultBody(const ScreenModel& model, size_t width, size_t height,
                                    const FrameStyle& style) {
  const bool roomy = height > 10;
  Split split =
      SplitFor(model.landing ? model.landing->qr_text : std::string_view(), width, height, style);
  std::vector<Line> lines = ResultText(model, split.text_columns, roomy, style);
  if (split.shown && lines.size() > height) {
    // What to do comes before the code.
    split = Split{{}, width, false};
    lines = ResultText(model, width, roomy, style);
  }
  return Beside(std::move(lines), split, width, style);
}

}  // namespace preseal::agent
