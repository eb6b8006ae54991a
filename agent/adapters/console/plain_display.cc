// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/console/plain_display.h"

#include <algorithm>
#include <utility>

#include "agent/adapters/console/question_body.h"
#include "agent/adapters/console/wait_text.h"
#include "common/base/bytes.h"
#include "common/base/limits.h"

namespace preseal::agent {
namespace {

bool IsBare(char c) {
  const bool alphanumeric =
      (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return alphanumeric || std::string_view("._:/@+-").find(c) != std::string_view::npos;
}

std::string Value(std::string_view text) {
  const std::string escaped = EscapeForLog(text, kEventTextBytesMax);
  if (!escaped.empty() && std::all_of(escaped.begin(), escaped.end(), IsBare)) return escaped;
  std::string quoted = "\"";
  for (const char c : escaped) {
    if (c == '"') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

// " key=value", or nothing for an empty value.
std::string Optional(std::string_view key, std::string_view value) {
  if (value.empty()) return "";
  return " " + std::string(key) + "=" + Value(value);
}

std::string_view NameOfOutcome(ResultCard::Outcome outcome) {
  switch (outcome) {
    case ResultCard::Outcome::kReadyToSeal:
      return "ready-to-seal";
    case ResultCard::Outcome::kSealed:
      return "sealed";
    case ResultCard::Outcome::kFailed:
      return "failed";
    case ResultCard::Outcome::kRefused:
      return "refused";
    case ResultCard::Outcome::kBlocked:
      return "blocked";
    case ResultCard::Outcome::kInService:
      return "in-service";
  }
  return "unknown";
}

uint32_t StepOf(const Item& item) {
  return std::min(item.percent, 100u) / kPlainProgressPercentStep;
}

// Whether a reader of lines should hear of it.
bool IsNews(const Item& before, const Item& now) {
  Item same_percent = now;
  same_percent.percent = before.percent;
  return same_percent != before || StepOf(now) != StepOf(before);
}

std::string WaitFields(const Wait& wait) {
  std::string fields = " wait=" + std::string(NameOf(wait.kind)) + Optional("for", wait.owner);
  if (wait.place > 0) fields += " place=" + std::to_string(wait.place);
  const auto limit = std::chrono::duration_cast<std::chrono::seconds>(wait.limit);
  if (limit.count() > 0) fields += " limit=" + std::to_string(limit.count());
  return fields;
}

std::string ItemText(const Item& item) {
  std::string line = "item id=" + Value(item.item_id);
  line += " state=" + std::string(NameOf(item.state));
  line += " percent=" + std::to_string(std::min(item.percent, 100u));
  if (item.total > 0) {
    line += " count=" + std::to_string(item.done) + "/" + std::to_string(item.total);
  }
  if (item.attempt > 1) line += " attempt=" + std::to_string(item.attempt);
  if (item.stalled) line += " stalled=true";
  if (item.wait) line += WaitFields(*item.wait);
  if (item.waiver) line += " waived-by=" + Value(item.waiver->actor);
  if (item.already_done) line += " already-done=true";
  line += Optional("code", item.code);
  if (item.exit_code) line += " exit=" + std::to_string(*item.exit_code);
  line += Optional("message", item.message);
  return line + " title=" + Value(item.display_name);
}

}  // namespace

std::string_view NameOf(ItemState state) {
  switch (state) {
    case ItemState::kNotStarted:
      return "not-started";
    case ItemState::kIdentifying:
      return "identifying";
    case ItemState::kInProgress:
      return "in-progress";
    case ItemState::kVerifying:
      return "verifying";
    case ItemState::kSucceeded:
      return "succeeded";
    case ItemState::kFailed:
      return "failed";
    case ItemState::kNotRequired:
      return "not-required";
  }
  return "unknown";
}

PlainDisplay::PlainDisplay(std::function<void(const std::string&)> write)
    : write_(std::move(write)) {}

void PlainDisplay::WriteIfNew(std::string line, std::string* last) {
  if (line == *last) return;
  write_(line + "\n");
  *last = std::move(line);
}

void PlainDisplay::ShowActivity(std::string_view text) {
  WriteIfNew("activity " + EscapeForLog(text, kEventTextBytesMax), &last_activity_);
}

void PlainDisplay::ShowConnection(bool connected, std::string_view detail) {
  WriteIfNew(std::string(connected ? "connection online" : "connection offline") +
                 Optional("detail", detail),
             &last_connection_);
}

void PlainDisplay::ShowLanding(const LandingCard& card) {
  quiet_ = !card.show_progress;
  error_message_ = card.error_message;
  input_.Lock()->editor.SetActions(card.actions);
  std::string actions;
  for (const DeviceAction action : card.actions) {
    actions += (actions.empty() ? "" : ",") + std::string(KeyOf(action).word);
  }
  WriteIfNew(
      "landing device=" + Value(card.device_id) + " serial=" + Value(card.serial_number) +
          " profile=" + Value(card.profile) + " user=" + Value(card.assigned_user) +
          " organisation=" + Value(card.organisation) + " lab=" + (card.lab ? "true" : "false") +
          (card.quarantined ? " quarantined=true" : "") + Optional("name", card.device_name) +
          Optional("join", card.join) + Optional("note", card.notice) +
          (actions.empty() ? "" : " actions=" + actions) + Optional("url", card.qr_text),
      &last_landing_);
}

void PlainDisplay::ShowItems(std::span<const Item> items, std::chrono::seconds /*elapsed*/) {
  for (const Item& item : items) {
    if (quiet_ && item.phase != Phase::kDevicePreparation) continue;
    const auto shown = shown_items_.find(item.item_id);
    // The list as it stands at the start says nothing new: only what moves is a line.
    const Item before = shown != shown_items_.end() ? shown->second
                                                    : Item{.item_id = item.item_id,
                                                           .display_name = item.display_name,
                                                           .phase = item.phase,
                                                           .category = item.category,
                                                           .gating = item.gating};
    if (!IsNews(before, item)) continue;
    write_(ItemText(item) + "\n");
    shown_items_.insert_or_assign(item.item_id, item);
  }
}

void PlainDisplay::ShowLog(std::string_view item_id, std::string_view line) {
  write_("log" + Optional("item", item_id) + " " + EscapeForLog(line, kEventTextBytesMax) + "\n");
}

void PlainDisplay::ShowResult(const ResultCard& card) {
  WriteIfNew("result outcome=" + std::string(NameOfOutcome(card.outcome)) +
                 " seconds=" + std::to_string(card.elapsed.count()) + Optional("code", card.code) +
                 Optional("title", card.title) +
                 Optional("organisation-says",
                          card.outcome == ResultCard::Outcome::kFailed ? error_message_ : "") +
                 Optional("message", card.message) + Optional("seen", card.seen) +
                 Optional("expected", card.expected) + Optional("remedy", card.remedy),
             &last_result_);
}

void PlainDisplay::ShowQuestion(const std::optional<Question>& question) {
  input_.Lock()->editor.SetQuestion(question);
  if (!question) return;
  std::string text;
  for (const std::string& each : TextsFor(*question)) text += (text.empty() ? "" : " / ") + each;
  std::string choices;
  for (const std::string& choice : question->choices) {
    choices += (choices.empty() ? "" : " | ") + choice;
  }
  write_("question id=" + Value(question->id) + Optional("title", question->title) +
         Optional("text", text) + Optional("choices", choices) +
         Optional("suggestion", question->suggestion) + Optional("complaint", question->complaint) +
         "\n");
}

void PlainDisplay::ShowNotice(std::string_view text) {
  write_("notice " + EscapeForLog(text, kEventTextBytesMax) + "\n");
}

std::vector<InputEvent> PlainDisplay::Typed(std::string_view bytes) {
  std::vector<InputEvent> events;
  auto input = input_.Lock();
  for (const char byte : bytes) {
    if (byte != '\n') {
      if (input->line.size() < kTypedBytesMax) input->line += byte;
      continue;
    }
    if (auto event = input->editor.TakeLine(input->line)) events.push_back(*std::move(event));
    input->line.clear();
  }
  return events;
}

}  // namespace preseal::agent
