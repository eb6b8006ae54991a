// SPDX-License-Identifier: Apache-2.0
#include "agent/service/person/person_desk.h"

#include <algorithm>
#include <utility>

#include "common/base/limits.h"
#include "common/log/log.h"

namespace preseal::agent {
namespace {

constexpr char kConfirmReset[] = "confirm-reset";
constexpr char kYes[] = "yes, start over";
constexpr std::string_view kItemPrefix = "item/";

Question ResetQuestion() {
  Question question;
  question.id = kConfirmReset;
  question.title = "Reset";
  question.text["en"] = "Undo what was done and start this device over?";
  question.choices = {"no", kYes};
  return question;
}

Question PromptQuestion(const OpenPrompt& open) {
  Question question;
  question.id = std::string(kItemPrefix) + open.item_id;
  question.title = open.item_id;
  question.text = open.prompt.text;
  question.choices = open.prompt.choices;
  return question;
}

}  // namespace

PersonDesk::PersonDesk(PersonDeskPorts ports) : ports_(std::move(ports)) {
  watcher_ = std::jthread([this](std::stop_token stop) { Watch(stop); });
}

PersonDesk::~PersonDesk() {
  watcher_.request_stop();
  watcher_.join();
  ports_.display.ShowQuestion(std::nullopt);
}

void PersonDesk::Watch(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const uint64_t seen = ports_.signal.version();
    AnswerPrepared();
    ShowQuestion();
    ports_.signal.WaitBeyond(seen, std::chrono::steady_clock::now() + std::chrono::hours(1), stop);
  }
}

// Once: whoever prepared a wrong answer must be asked.
void PersonDesk::AnswerPrepared() {
  if (ports_.prepared.empty()) return;
  for (const OpenPrompt& open : ports_.open_prompts()) {
    const auto found = ports_.prepared.find(std::string(kItemPrefix) + open.item_id);
    if (found == ports_.prepared.end()) continue;
    AnswerPrompt(open.item_id, found->second);
    ports_.prepared.erase(found);
  }
}

void PersonDesk::ShowQuestion() {
  // Asked outside the lock: it takes the run's.
  const std::vector<OpenPrompt> prompts = ports_.open_prompts();
  const std::lock_guard lock(mutex_);
  std::optional<Question> next = other_;
  if (!prompts.empty()) {
    next = PromptQuestion(prompts.front());
    const auto complaint = complaints_.find(prompts.front().item_id);
    if (complaint != complaints_.end()) next->complaint = complaint->second;
  }
  if (confirming_reset_) next = ResetQuestion();
  if (next == shown_) return;
  shown_ = next;
  ports_.display.ShowQuestion(next);
}

void PersonDesk::Ask(const std::optional<Question>& question) {
  {
    const std::lock_guard lock(mutex_);
    other_ = question;
  }
  ports_.signal.Notify();
}

void PersonDesk::Pressed(DeviceAction action) {
  {
    const std::lock_guard lock(mutex_);
    if (std::find(allowed_.begin(), allowed_.end(), action) == allowed_.end()) {
      ports_.display.ShowNotice(std::string(NameOf(action)) + " is not possible now.");
      return;
    }
    // The only one that destroys something, and a slip of the finger away.
    if (action == DeviceAction::kReset) {
      confirming_reset_ = true;
    } else {
      Open(action);
    }
  }
  ports_.signal.Notify();
}

void PersonDesk::Open(DeviceAction action) {
  const auto [entry, made] = requests_.try_emplace(action);
  if (made) entry->second.request = {ports_.new_request_id(), action};
  log::Info("asked for at the device", {{"action", NameOf(action)}});
  ports_.display.ShowNotice(std::string(NameOf(action)) +
                            (connected_ ? ": asking the server"
                                        : ": no connection, the server is asked once it is back"));
}

void PersonDesk::Answered(const std::string& question_id, const std::string& answer) {
  if (answer.size() > kPromptAnswerBytesMax) return;
  if (question_id.starts_with(kItemPrefix)) {
    AnswerPrompt(question_id.substr(kItemPrefix.size()), answer);
  } else if (question_id == kConfirmReset) {
    const std::lock_guard lock(mutex_);
    if (std::exchange(confirming_reset_, false) && answer == kYes) Open(DeviceAction::kReset);
  } else if (ports_.answer_other) {
    ports_.answer_other(question_id, answer);
  }
  ports_.signal.Notify();
}

void PersonDesk::AnswerPrompt(const std::string& item_id, const std::string& answer) {
  const AnswerTaken taken = ports_.answer_prompt(item_id, answer);
  const std::lock_guard lock(mutex_);
  complaints_.erase(item_id);
  switch (taken) {
    case AnswerTaken::kTaken:
      break;
    case AnswerTaken::kNotAsked:
      ports_.display.ShowNotice("This was answered elsewhere.");
      break;
    case AnswerTaken::kRefused:
      complaints_[item_id] = "\"" + answer + "\" does not fit. Try again.";
      break;
  }
}

void PersonDesk::Connected(const LandingCard& landing, Time /*now*/) {
  const std::lock_guard lock(mutex_);
  connected_ = true;
  allowed_ = landing.actions;
}

void PersonDesk::Lost() {
  const std::lock_guard lock(mutex_);
  connected_ = false;
  for (auto& [action, request] : requests_) request.sent = false;
}

void PersonDesk::Receive(const DownMessage& message, Time /*now*/) {
  const std::lock_guard lock(mutex_);
  if (const auto* landing = std::get_if<LandingCard>(&message)) allowed_ = landing->actions;
  const auto* result = std::get_if<ActionResult>(&message);
  if (result == nullptr) return;
  const auto found = std::find_if(requests_.begin(), requests_.end(), [result](const auto& entry) {
    return entry.second.request.request_id == result->request_id;
  });
  if (found == requests_.end()) return;
  const std::string name(NameOf(found->first));
  requests_.erase(found);
  const std::string said = result->message.empty() ? "" : ": " + result->message;
  ports_.display.ShowNotice(name + (result->accepted ? " accepted" : " refused") + said);
}

std::vector<UpMessage> PersonDesk::Due(Time /*now*/) {
  const std::lock_guard lock(mutex_);
  std::vector<UpMessage> due;
  for (auto& [action, request] : requests_) {
    if (!std::exchange(request.sent, true)) due.push_back(request.request);
  }
  return due;
}

std::string_view NameOf(DeviceAction action) {
  switch (action) {
    case DeviceAction::kRefresh:
      return "Refresh";
    case DeviceAction::kProvision:
      return "Provision";
    case DeviceAction::kRetry:
      return "Retry";
    case DeviceAction::kReset:
      return "Reset";
    case DeviceAction::kDiagnostics:
      return "Diagnostics";
    case DeviceAction::kContinue:
      return "Continue anyway";
  }
  return "Action";
}

}  // namespace preseal::agent
