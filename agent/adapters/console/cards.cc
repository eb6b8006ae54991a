// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/console/cards.h"

#include <algorithm>

#include "agent/adapters/console/frame.h"
#include "agent/adapters/console/line.h"
#include "agent/adapters/console/qr_beside.h"
#include "common/base/display_width.h"

namespace preseal::agent {
namespace {

constexpr size_t kLabelColumns = 11;
constexpr size_t kTextLinesMax = 5;       // of one wrapped text in a card
constexpr size_t kTextLinesMaxSmall = 3;  // so that the remedy keeps its place on a small screen

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
  AddLabelled(lines, "Name", card.device_name, columns, style);
  AddLabelled(lines, "Join", card.join, columns, style);
  AddLabelled(lines, "Note", card.notice, columns, style, kTextLinesMaxSmall);
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
    case ResultCard::Outcome::kInService:
      return {"✓ IN SERVICE", "+ IN SERVICE", Tone::kGood};
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
  const QrSplit split = SplitForQr(card.qr_text, width, height, style);
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
  return BesideQr(std::move(lines), split, width, style);
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
  if (card.outcome == ResultCard::Outcome::kFailed && model.landing) {
    AddLabelled(&lines, "", model.landing->error_message, columns, style, kTextLinesMaxSmall);
  }
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
  QrSplit split =
      SplitForQr(model.landing ? model.landing->qr_text : std::string_view(), width, height, style);
  std::vector<Line> lines = ResultText(model, split.text_columns, roomy, style);
  if (split.shown && lines.size() > height) {
    // What to do comes before the code.
    split = QrSplit{{}, width, false};
    lines = ResultText(model, width, roomy, style);
  }
  return BesideQr(std::move(lines), split, width, style);
}

}  // namespace preseal::agent
