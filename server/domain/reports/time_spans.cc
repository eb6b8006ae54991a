// SPDX-License-Identifier: Apache-2.0
#include "server/domain/reports/time_spans.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace preseal::server {
namespace {

TimeKind KindOf(const std::optional<Wait>& wait) {
  if (!wait) return TimeKind::kItem;
  switch (wait->kind) {
    case Wait::Kind::kToken:
      return TimeKind::kToken;
    case Wait::Kind::kRetry:
      return TimeKind::kRetryPause;
    case Wait::Kind::kPrompt:
      return TimeKind::kPrompt;
    case Wait::Kind::kHold:
      return TimeKind::kHold;
    case Wait::Kind::kReboot:
      return TimeKind::kReboot;
    case Wait::Kind::kDevice:
      return TimeKind::kOffline;
    case Wait::Kind::kInstaller:
    case Wait::Kind::kServer:
    case Wait::Kind::kSpool:
      return TimeKind::kItem;
  }
  return TimeKind::kItem;
}

bool AtWork(const ItemChanged& change) {
  switch (change.state) {
    case ItemState::kIdentifying:
    case ItemState::kInProgress:
    case ItemState::kVerifying:
      return true;
    case ItemState::kNotStarted:
      return change.wait.has_value();
    case ItemState::kFailed:
      // The pause before another attempt, or a person who is asked.
      return change.wait.has_value();
    case ItemState::kSucceeded:
    case ItemState::kNotRequired:
      return false;
  }
  return false;
}

std::optional<TimeKind> KindOf(DeviceState state) {
  switch (state) {
    case DeviceState::kPresent:
      return TimeKind::kAttestation;
    case DeviceState::kEnrolled:
      return TimeKind::kAwaitingStart;
    case DeviceState::kReadyToSeal:
      return TimeKind::kAwaitingSeal;
    case DeviceState::kSealing:
      return TimeKind::kSealing;
    case DeviceState::kSealed:
      return TimeKind::kAwaitingUser;
    case DeviceState::kFailed:
    case DeviceState::kBlocked:
      return TimeKind::kAwaitingPerson;
    case DeviceState::kRegistered:
    case DeviceState::kProvisioning:
    case DeviceState::kUserSetup:
    case DeviceState::kInService:
    case DeviceState::kRetired:
      return std::nullopt;
  }
  return std::nullopt;
}

template <typename T>
struct Stretch {
  T value;
  WallTime start;
  WallTime end;
};

// How long `pick` stayed what it was. A silence is noted late: it shortens what was before.
template <typename T>
std::vector<Stretch<T>> StretchesOf(std::span<const DeviceMark> marks, T DeviceMark::*pick,
                                    WallTime until) {
  std::vector<Stretch<T>> stretches;
  for (const DeviceMark& mark : marks) {
    if (!stretches.empty() && stretches.back().value == mark.*pick) continue;
    if (!stretches.empty()) stretches.back().end = mark.time;
    stretches.push_back({mark.*pick, mark.time, until});
  }
  return stretches;
}

bool RunUnderWay(DeviceState state) {
  return state == DeviceState::kProvisioning || state == DeviceState::kUserSetup;
}

}  // namespace

void RunSpans::Read(const ReceivedEvent& received) {
  const WallTime now = received.time;
  if (const auto* change = std::get_if<ItemChanged>(&received.event.body)) {
    OnItem(*change, now);
  } else if (const auto* hold = std::get_if<HoldChanged>(&received.event.body)) {
    Set(&hold_, hold->held ? std::optional(TimeKind::kHold) : std::nullopt, "", now);
  } else if (std::holds_alternative<RunInterrupted>(received.event.body)) {
    Set(&reboot_, TimeKind::kReboot, "", now);
  } else if (std::holds_alternative<RunResumed>(received.event.body)) {
    Set(&reboot_, std::nullopt, "", now);
  } else if (std::holds_alternative<RunFinished>(received.event.body)) {
    CloseAll(now);
  }
}

std::vector<TimeSpan> RunSpans::Finish(WallTime until) {
  CloseAll(until);
  return std::move(spans_);
}

void RunSpans::OnItem(const ItemChanged& change, WallTime now) {
  const auto kind = AtWork(change) ? std::optional(KindOf(change.wait)) : std::nullopt;
  Open& open = items_[change.item_id.text()];
  if (open && kind && open->kind == *kind) return;
  Set(&open, kind, change.item_id.text(), now);
}

void RunSpans::Set(Open* open, std::optional<TimeKind> kind, const std::string& item_id,
                   WallTime now) {
  if (*open) {
    (*open)->end = now;
    spans_.push_back(*std::exchange(*open, std::nullopt));
  }
  if (kind) *open = TimeSpan{.kind = *kind, .item_id = item_id, .start = now, .end = now};
}

void RunSpans::CloseAll(WallTime now) {
  for (auto& [id, open] : items_) Set(&open, std::nullopt, id, now);
  Set(&hold_, std::nullopt, "", now);
  Set(&reboot_, std::nullopt, "", now);
}

std::vector<TimeSpan> SpansOfMarks(std::span<const DeviceMark> marks, WallTime until) {
  std::vector<TimeSpan> spans;
  const auto states = StretchesOf(marks, &DeviceMark::state, until);
  for (const auto& stretch : states) {
    const auto kind = KindOf(stretch.value);
    if (kind) spans.push_back({.kind = *kind, .start = stretch.start, .end = stretch.end});
  }
  for (const auto& contact : StretchesOf(marks, &DeviceMark::contact, until)) {
    TimeSpan span{.kind = TimeKind::kOffline, .start = contact.start, .end = contact.end};
    if (contact.value == ContactState::kSilent) spans.push_back(span);
    if (contact.value != ContactState::kDisconnected) continue;
    for (const auto& stretch : states) {
      if (!RunUnderWay(stretch.value)) continue;
      span.start = std::max(contact.start, stretch.start);
      span.end = std::min(contact.end, stretch.end);
      if (span.start < span.end) spans.push_back(span);
    }
  }
  return spans;
}

std::vector<PathItem> PathItemsOf(std::span<const Item> items, WallTime until) {
  std::vector<PathItem> path;
  for (const Item& item : items) {
    if (!item.start_time || item.gating == Gating::kBackground) continue;
    path.push_back({item.item_id.text(), *item.start_time, item.end_time.value_or(until)});
  }
  return path;
}

}  // namespace preseal::server
