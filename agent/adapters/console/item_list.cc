// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/console/item_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "agent/adapters/console/frame.h"
#include "agent/adapters/console/line.h"
#include "agent/adapters/console/wait_text.h"

namespace preseal::agent {
namespace {

constexpr size_t kBarColumns = 20;
constexpr size_t kBarNeedsWidth = 60;  // narrower screens show the number alone

uint32_t PercentOf(const Item& item) { return IsEnded(item) ? 100 : std::min(item.percent, 100u); }

struct PhaseSum {
  size_t total = 0;
  size_t done = 0;
  size_t failed = 0;
  uint32_t percent = 0;
};

PhaseSum SumOf(const std::vector<Item>& items, Phase phase) {
  PhaseSum sum;
  uint64_t percents = 0;
  for (const Item& item : items) {
    if (item.phase != phase) continue;
    ++sum.total;
    percents += PercentOf(item);
    if (item.state == ItemState::kFailed) {
      ++sum.failed;
    } else if (IsEnded(item)) {
      ++sum.done;
    }
  }
  if (sum.total > 0) sum.percent = static_cast<uint32_t>(percents / sum.total);
  return sum;
}

std::string PhaseLine(Phase phase, const PhaseSum& sum, size_t width, const FrameStyle& style) {
  const std::string percent = fmt::format("{:3} %", sum.percent);
  Line line(width, style);
  line.Add(" ").AddFitted(NameOf(phase), 20, Tone::kBold);
  line.Add(fmt::format("{} of {}", sum.done, sum.total));
  if (sum.failed > 0) line.Add(fmt::format("  {} FAILED", sum.failed), Tone::kBad);
  if (width >= kBarNeedsWidth) {
    line.PadTo(width - kBarColumns - percent.size() - 2);
    const Tone tone = sum.failed > 0 ? Tone::kBad : Tone::kGood;
    line.AddRaw(Paint(Bar(sum.percent, kBarColumns, style), tone, style), kBarColumns);
  }
  line.AddRight(percent + " ");
  return std::move(line).Take();
}

// An item that is tried again says so.
std::string NameWithAttempt(const Item& item) {
  if (item.attempt < 2 || IsEnded(item)) return item.display_name;
  return fmt::format("{} (attempt {})", item.display_name, item.attempt);
}

std::string ItemLine(const Item& item, size_t width, const FrameStyle& style) {
  StateMark mark = MarkOf(item.state, item.already_done, style);
  if (item.stalled) mark = {style.unicode ? "‼" : "!", "STALLED", Tone::kWarn};
  Line line(width, style);
  line.Add("   ").AddRaw(Paint(mark.shape, mark.tone, style), 1).Add(" ");
  line.AddFitted(mark.word, kStateWordColumns + 1, mark.tone);
  if (item.state == ItemState::kInProgress) {
    const std::string percent = item.total > 0
                                    ? fmt::format("{} of {}", item.done, item.total)
                                    : fmt::format("{:3} %", std::min(item.percent, 100u));
    const size_t bar = width >= kBarNeedsWidth ? kBarColumns : 0;
    const size_t right = bar + percent.size() + 3;
    if (line.room() > right) line.AddFitted(NameWithAttempt(item), line.room() - right);
    line.Add(" ");
    if (bar > 0) line.AddRaw(Paint(Bar(item.percent, bar, style), mark.tone, style), bar);
    line.AddRight(percent + " ");
  } else {
    line.Add(NameWithAttempt(item));
    if (item.waiver) {
      line.Add("  waived by " + item.waiver->actor, Tone::kWarn);
    } else if (item.state == ItemState::kFailed && item.gating != Gating::kBlocking) {
      line.Add("  (does not hold the seal)", Tone::kDim);
    }
  }
  return std::move(line).Take();
}

std::string FailureLine(const Item& item, size_t width, const FrameStyle& style) {
  Line line(width, style);
  line.Add("               ").Add(item.code, Tone::kBad);
  if (!item.code.empty() && !item.message.empty()) line.Add(": ");
  line.Add(item.message);
  return std::move(line).Take();
}

std::string WaitLine(const ScreenModel& model, const Item& item, size_t width,
                     const FrameStyle& style) {
  const auto since = model.waiting_since.find(item.item_id);
  const auto waited =
      since == model.waiting_since.end() ? std::chrono::seconds(0) : model.elapsed - since->second;
  Line line(width, style);
  line.Add("               ").Add(WaitText(*item.wait, waited), Tone::kWarn);
  return std::move(line).Take();
}

struct Listing {
  std::vector<std::string> lines;
  size_t focus = 0;  // line of the first failed or unfinished item
};

Listing ListAll(const ScreenModel& model, size_t width, const FrameStyle& style) {
  const std::vector<Item>& items = model.items;
  Listing listing;
  bool focused = false;
  for (const Phase phase :
       std::array{Phase::kDevicePreparation, Phase::kDeviceSetup, Phase::kAccountSetup}) {
    const PhaseSum sum = SumOf(items, phase);
    if (sum.total == 0) continue;
    listing.lines.push_back(PhaseLine(phase, sum, width, style));
    for (const Item& item : items) {
      if (item.phase != phase) continue;
      if (!focused && (!IsEnded(item) || item.state == ItemState::kFailed)) {
        listing.focus = listing.lines.size();
        focused = true;
      }
      listing.lines.push_back(ItemLine(item, width, style));
      if (item.state == ItemState::kFailed) {
        listing.lines.push_back(FailureLine(item, width, style));
      } else if (item.wait && !IsEnded(item)) {
        listing.lines.push_back(WaitLine(model, item, width, style));
      }
    }
  }
  if (!focused && !listing.lines.empty()) listing.focus = listing.lines.size() - 1;
  return listing;
}

std::string MoreLine(std::string_view mark, size_t count, std::string_view where, size_t width,
                     const FrameStyle& style) {
  Line line(width, style);
  line.Add(fmt::format("   {} {} more {}", mark, count, where), Tone::kDim);
  return std::move(line).Take();
}

// Keeps the focus in the upper third, so that what comes next is seen too.
std::vector<std::string> Window(Listing listing, size_t width, size_t height,
                                const FrameStyle& style) {
  const size_t total = listing.lines.size();
  if (total <= height || height < 3) {
    listing.lines.resize(std::min(total, height));
    return std::move(listing.lines);
  }
  const size_t lead = height / 3;
  size_t first = listing.focus > lead ? listing.focus - lead : 0;
  first = std::min(first, total - height);
  std::vector<std::string> lines(
      listing.lines.begin() + static_cast<std::ptrdiff_t>(first),
      listing.lines.begin() + static_cast<std::ptrdiff_t>(first + height));
  if (first > 0) {
    lines.front() = MoreLine(style.unicode ? "▲" : "^", first + 1, "above", width, style);
  }
  const size_t below = total - first - height;
  if (below > 0) {
    lines.back() = MoreLine(style.unicode ? "▼" : "v", below + 1, "below", width, style);
  }
  return lines;
}

std::string LandingStrip(const ScreenModel& model, size_t width, const FrameStyle& style) {
  Line line(width, style);
  const LandingCard& card = *model.landing;
  const std::string elapsed = ElapsedText(model.elapsed) + " ";
  line.Add(" ");
  if (card.lab) line.Add("LAB ", Tone::kWarn);
  if (card.quarantined) line.Add("QUARANTINED ", Tone::kWarn);
  Line names(line.room() > elapsed.size() + 1 ? line.room() - elapsed.size() - 1 : 0, style);
  names.Add(card.profile, Tone::kBold);
  if (!card.assigned_user.empty()) names.Add("  for ", Tone::kDim).Add(card.assigned_user);
  names.Add("  serial ", Tone::kDim).Add(card.serial_number);
  const size_t used = names.used();
  line.AddRaw(std::move(names).Take(), used);
  line.AddRight(elapsed);
  return std::move(line).Take();
}

}  // namespace

bool IsEnded(const Item& item) {
  return item.state == ItemState::kSucceeded || item.state == ItemState::kFailed ||
         item.state == ItemState::kNotRequired;
}

std::vector<std::string> ItemBody(const ScreenModel& model, size_t width, size_t height,
                                  const FrameStyle& style) {
  std::vector<std::string> lines;
  if (model.landing) lines.push_back(LandingStrip(model, width, style));
  if (height > 16) lines.emplace_back();
  const size_t room = height > lines.size() ? height - lines.size() : 0;
  std::vector<std::string> list = Window(ListAll(model, width, style), width, room, style);
  for (std::string& line : list) lines.push_back(std::move(line));
  return lines;
}

}  // namespace preseal::agent
