// SPDX-License-Identifier: Apache-2.0
#include "server/domain/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace preseal::server {
namespace {

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

bool IsDone(ItemState state) {
  return state == ItemState::kSucceeded || state == ItemState::kNotRequired;
}

bool IsActive(ItemState state) {
  return state == ItemState::kIdentifying || state == ItemState::kInProgress ||
         state == ItemState::kVerifying;
}

bool HasEnded(ItemState state) { return IsDone(state) || state == ItemState::kFailed; }

std::string TextOfItem(const ItemChanged& change) {
  std::string text(NameOf(change.state));
  if (change.state == ItemState::kInProgress) text += fmt::format(" {} %", change.percent);
  if (change.already_done) text += ", already in place";
  if (!change.code.empty()) text += " " + change.code;
  if (!change.message.empty()) text += ": " + change.message;
  return text;
}

// `wait` as the device told it, with the server's time of when it began: a repeat of the same wait,
// with another place in the queue maybe, is the same.
std::optional<Wait> Begun(std::optional<Wait> wait, const std::optional<Wait>& before,
                          WallTime now) {
  if (!wait) return std::nullopt;
  const bool same = before && before->kind == wait->kind && before->owner == wait->owner;
  wait->start_time = same ? before->start_time : now;
  return wait;
}

// The first is shown: what a person can end, then what others hold up, then what passes by itself.
int RankOf(Wait::Kind kind) {
  switch (kind) {
    case Wait::Kind::kPrompt:
      return 0;
    case Wait::Kind::kHold:
      return 1;
    case Wait::Kind::kDevice:
      return 2;
    case Wait::Kind::kReboot:
      return 3;
    case Wait::Kind::kToken:
      return 4;
    case Wait::Kind::kServer:
      return 5;
    case Wait::Kind::kSpool:
      return 6;
    case Wait::Kind::kInstaller:
      return 7;
    case Wait::Kind::kRetry:
      return 8;
  }
  return 9;
}

// Failed because of another item, which is the one to name.
bool FailedAfterAnother(const Item& item) { return item.code == kPreviousFailedCode; }

std::string TextOfCommand(const CommandChanged& change) {
  std::string text = change.command_id.text();
  switch (change.state) {
    case CommandChanged::State::kAccepted:
      text += " accepted";
      break;
    case CommandChanged::State::kDone:
      text += " done";
      break;
    case CommandChanged::State::kFailed:
      text += fmt::format(" failed {}: {}", change.code, change.message);
      break;
  }
  return text;
}

std::string TextOfResume(const RunResumed& resumed) {
  if (!resumed.rebooted) return "the agent was started again";
  if (!resumed.planned) return fmt::format("unplanned restart, boot {}", resumed.boot_id);
  return fmt::format("back from a restart{}, boot {}", resumed.late ? " too late" : "",
                     resumed.boot_id);
}

}  // namespace

bool IsSettled(const Item& item) { return IsDone(item.state) || item.waiver.has_value(); }

std::string_view KindOf(const Event& event) {
  return std::visit(Overloaded{
                        [](const RunStarted&) -> std::string_view { return "run-started"; },
                        [](const ItemChanged&) -> std::string_view { return "item-changed"; },
                        [](const LogLine&) -> std::string_view { return "log-line"; },
                        [](const RunFinished&) -> std::string_view { return "run-finished"; },
                        [](const CommandChanged&) -> std::string_view { return "command-changed"; },
                        [](const SealQuoted&) -> std::string_view { return "seal-quoted"; },
                        [](const SealArmed&) -> std::string_view { return "seal-armed"; },
                        [](const RunInterrupted&) -> std::string_view { return "run-interrupted"; },
                        [](const RunResumed&) -> std::string_view { return "run-resumed"; },
                        [](const HoldChanged&) -> std::string_view { return "hold-changed"; },
                        [](const ItemWaived&) -> std::string_view { return "item-waived"; },
                        [](const PromptAnswered&) -> std::string_view { return "prompt-answered"; },
                    },
                    event.body);
}

std::string_view ItemOf(const Event& event) {
  if (const auto* change = std::get_if<ItemChanged>(&event.body)) return change->item_id.text();
  if (const auto* line = std::get_if<LogLine>(&event.body)) return line->item_id;
  if (const auto* down = std::get_if<RunInterrupted>(&event.body)) return down->item_id;
  if (const auto* waived = std::get_if<ItemWaived>(&event.body)) return waived->item_id.text();
  if (const auto* said = std::get_if<PromptAnswered>(&event.body)) return said->item_id.text();
  return {};
}

std::string TextOf(const Event& event) {
  return std::visit(
      Overloaded{
          [](const RunStarted& e) {
            return fmt::format("agent {}, boot {}", e.agent_version, e.boot_id);
          },
          [](const ItemChanged& e) { return TextOfItem(e); },
          [](const LogLine& e) { return e.text; },
          [](const RunFinished& e) {
            return std::string(e.outcome == RunOutcome::kSucceeded ? "succeeded" : "failed");
          },
          [](const CommandChanged& e) { return TextOfCommand(e); },
          [](const SealQuoted&) { return std::string("second quote received"); },
          [](const SealArmed&) { return std::string("device armed for the user flow"); },
          [](const RunInterrupted& e) {
            return fmt::format("restarting, back within {} s", e.back_within.count() / 1000);
          },
          [](const RunResumed& e) { return TextOfResume(e); },
          [](const HoldChanged& e) {
            return fmt::format("{} by {}{}{}", e.held ? "held" : "resumed", e.actor,
                               e.reason.empty() ? "" : ": ", e.reason);
          },
          [](const ItemWaived& e) { return fmt::format("waived by {}: {}", e.actor, e.reason); },
          [](const PromptAnswered& e) {
            return fmt::format("answered by {}: {}", e.actor, e.answer);
          },
      },
      event.body);
}

void ApplyChange(const ItemChanged& change, WallTime now, Item* item) {
  if (item->state == ItemState::kSucceeded) return;
  item->state = change.state;
  item->percent = IsDone(change.state) ? 100 : std::min<uint32_t>(change.percent, 100);
  item->code = change.code;
  item->message = change.message;
  item->already_done = change.already_done;
  item->exit_code = change.exit_code;
  item->attempt = change.attempt;
  item->done = change.done;
  item->total = change.total;
  item->stalled = change.stalled && IsActive(change.state);
  // A stall is waited for by name too, so that it is seen where only the run's wait is shown.
  std::optional<Wait> wait = change.wait;
  if (!wait && item->stalled) wait = Wait{.kind = Wait::Kind::kDevice, .owner = item->display_name};
  item->wait = HasEnded(change.state) ? std::nullopt : Begun(std::move(wait), item->wait, now);
  if (change.state != ItemState::kNotStarted && !item->start_time) item->start_time = now;
  item->end_time = HasEnded(change.state) ? std::optional(now) : std::nullopt;
}

ProgressSummary Summarise(std::span<const Item> items) {
  ProgressSummary sum;
  bool any_setup = false;
  uint64_t percent_total = 0;
  const Item* shown = nullptr;
  const Item* cause = nullptr;  // of the failure
  for (const Item& item : items) {
    any_setup = any_setup || item.phase != Phase::kDevicePreparation;
    if (item.gating == Gating::kBackground) continue;
    ++sum.items_total;
    if (IsSettled(item)) ++sum.items_done;
    percent_total += IsSettled(item) ? 100 : item.percent;
    const bool fatal = item.gating == Gating::kBlocking && item.state == ItemState::kFailed &&
                       !item.waiver.has_value();
    if (fatal && (cause == nullptr || (FailedAfterAnother(*cause) && !FailedAfterAnother(item)))) {
      cause = &item;
      sum.failed_blocking = item.item_id;
      shown = &item;
    } else if (!sum.failed_blocking && IsActive(item.state)) {
      shown = &item;
    }
    if (item.gating == Gating::kBlocking && !IsSettled(item)) {
      sum.open_blocking.push_back(item.item_id);
    }
    if (item.state != ItemState::kNotStarted) sum.phase = std::max(sum.phase, item.phase);
  }
  if (shown != nullptr) {
    sum.item_name = shown->display_name;
    sum.phase = shown->phase;
  }
  if (sum.items_total != 0) sum.percent = static_cast<uint32_t>(percent_total / sum.items_total);
  sum.blocking_satisfied = any_setup && sum.open_blocking.empty();
  return sum;
}

std::optional<Wait> MostVisibleWait(std::span<const Item> items) {
  std::optional<Wait> best;
  for (const Item& item : items) {
    if (!item.wait || item.gating == Gating::kBackground) continue;
    if (!best || RankOf(item.wait->kind) < RankOf(best->kind)) best = item.wait;
  }
  return best;
}

std::string_view NameOf(ItemState state) {
  switch (state) {
    case ItemState::kNotStarted:
      return "not started";
    case ItemState::kIdentifying:
      return "identifying";
    case ItemState::kInProgress:
      return "in progress";
    case ItemState::kVerifying:
      return "verifying";
    case ItemState::kSucceeded:
      return "succeeded";
    case ItemState::kFailed:
      return "failed";
    case ItemState::kNotRequired:
      return "not required";
  }
  return "";
}

std::string_view NameOf(Category category) {
  switch (category) {
    case Category::kHardware:
      return "Secure your hardware";
    case Category::kJoin:
      return "Join your organisation";
    case Category::kManagement:
      return "Register for management";
    case Category::kPolicies:
      return "Security policies";
    case Category::kCertificates:
      return "Certificates";
    case Category::kNetwork:
      return "Network connections";
    case Category::kApps:
      return "Apps";
    case Category::kReboot:
      return "Restarts";
    case Category::kQualityUpdates:
      return "Quality updates";
  }
  return "";
}

}  // namespace preseal::server
