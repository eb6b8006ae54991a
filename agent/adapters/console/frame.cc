// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/console/frame.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/adapters/console/cards.h"
#include "agent/adapters/console/item_list.h"
#include "agent/adapters/console/line.h"
#include "agent/adapters/console/question_body.h"
#include "common/base/display_width.h"

namespace preseal::agent {
namespace {

std::string Rule(size_t width, const FrameStyle& style) {
  std::string rule;
  for (size_t i = 0; i < width; ++i) rule += style.unicode ? "─" : "-";
  return Paint(rule, Tone::kDim, style);
}

struct ConnectionWord {
  std::string_view unicode;
  std::string_view ascii;
  Tone tone;
};

ConnectionWord WordOf(const std::optional<bool>& connected) {
  if (!connected.has_value()) return {"○ not connected yet", ". not connected yet", Tone::kDim};
  if (*connected) return {"● connected", "* connected", Tone::kGood};
  return {"◌ offline, work goes on", "! offline, work goes on", Tone::kWarn};
}

std::string Header(const ScreenModel& model, size_t width, const FrameStyle& style) {
  const ConnectionWord word = WordOf(model.connected);
  const std::string_view connection = style.unicode ? word.unicode : word.ascii;
  Line line(width, style);
  line.Add(" PRESEAL", Tone::kBold);
  if (model.landing) {
    line.Add("  ").Add(model.landing->device_id, Tone::kBold);
    // The organisation gives way to the connection when both do not fit.
    const size_t connection_columns = DisplayWidth(connection) + 2;
    if (line.room() > connection_columns + 4) {
      Line name(line.room() - connection_columns, style);
      name.Add("  ").Add(model.landing->organisation);
      const size_t used = name.used();
      line.AddRaw(std::move(name).Take(), used);
    }
  }
  line.AddRight(connection, word.tone);
  return std::move(line).Take();
}

std::string Footer(const ScreenModel& model, size_t width, const FrameStyle& style) {
  Line line(width, style);
  line.Add(" ");
  if (!model.notice.empty()) {
    line.Add(model.notice, Tone::kBold);
  } else if (model.connected == false && !model.connection_detail.empty()) {
    line.Add(model.connection_detail, Tone::kWarn);
  } else if (!model.log.empty() && !model.items.empty() && !model.result) {
    line.Add(model.log.back(), Tone::kDim);
  } else {
    line.Add(model.activity);
  }
  return std::move(line).Take();
}

std::vector<std::string> ActivityBody(const ScreenModel& model, size_t width, size_t height,
                                      const FrameStyle& style) {
  std::vector<std::string> lines(std::min<size_t>(2, height / 4));
  Line line(width, style);
  line.Add("  ").Add(model.activity.empty() ? "Starting" : model.activity, Tone::kBold);
  lines.push_back(std::move(line).Take());
  lines.emplace_back();
  const size_t room = height > lines.size() ? height - lines.size() : 0;
  const size_t first = model.log.size() > room ? model.log.size() - room : 0;
  for (size_t i = first; i < model.log.size(); ++i) {
    Line log_line(width, style);
    log_line.Add("  ").Add(model.log[i], Tone::kDim);
    lines.push_back(std::move(log_line).Take());
  }
  return lines;
}

// The profile wants no progress shown: that the device is at work, and for how long.
std::vector<std::string> QuietBody(const ScreenModel& model, size_t width,
                                   const FrameStyle& style) {
  std::vector<std::string> lines(2);
  Line line(width, style);
  line.Add("  ").Add(model.activity.empty() ? "Setting this device up" : model.activity,
                     Tone::kBold);
  line.AddRight(ElapsedText(model.elapsed) + " ");
  lines.push_back(std::move(line).Take());
  return lines;
}

// No run yet: all there is to see is that the device is enrolled.
bool IsBeforeRun(const std::vector<Item>& items) {
  return std::all_of(items.begin(), items.end(), [](const Item& item) {
    return item.phase == Phase::kDevicePreparation && IsEnded(item);
  });
}

std::vector<std::string> Body(const ScreenModel& model, size_t width, size_t height,
                              const FrameStyle& style) {
  if (model.question) return QuestionBody(model, width, height, style);
  if (model.result) return ResultBody(model, width, height, style);
  if (model.landing && IsBeforeRun(model.items)) {
    return LandingBody(*model.landing, model.activity, width, height, style);
  }
  if (model.landing && !model.landing->show_progress) return QuietBody(model, width, style);
  if (!model.items.empty()) return ItemBody(model, width, height, style);
  return ActivityBody(model, width, height, style);
}

}  // namespace

std::vector<std::string> Frame(const ScreenModel& model, size_t width, size_t height,
                               const FrameStyle& style) {
  width = std::max(width, kFrameWidthMin);
  height = std::max(height, kFrameHeightMin);
  std::vector<std::string> lines;
  lines.push_back(Header(model, width, style));
  lines.push_back(Rule(width, style));
  // While something is asked all keys belong to the answer.
  const bool buttons = model.landing && !model.landing->actions.empty() && !model.question;
  const size_t body_height = height - (buttons ? 5 : 4);
  std::vector<std::string> body = Body(model, width, body_height, style);
  body.resize(body_height);
  for (std::string& line : body) lines.push_back(std::move(line));
  if (buttons) lines.push_back(ActionLine(model.landing->actions, width, style));
  lines.push_back(Rule(width, style));
  lines.push_back(Footer(model, width, style));
  return lines;
}

std::string ElapsedText(std::chrono::seconds elapsed) {
  const auto seconds = std::max<std::chrono::seconds::rep>(elapsed.count(), 0);
  if (seconds < 3600) return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

}  // namespace preseal::agent
