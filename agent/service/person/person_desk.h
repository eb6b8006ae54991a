// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/service/change_signal.h"
#include "agent/service/person/person_input.h"
#include "agent/service/run/run_desk.h"
#include "agent/service/session/session_guest.h"

namespace preseal::agent {

// All borrowed.
struct PersonDeskPorts {
  StatusDisplay& display;
  ChangeSignal& signal;
  std::function<std::vector<OpenPrompt>()> open_prompts;
  std::function<AnswerTaken(const std::string& item_id, const std::string& answer)> answer_prompt;
  std::function<std::string()> new_request_id;
  // Answers to questions that are neither a prompt's nor this desk's own.
  std::function<void(const std::string& question_id, const std::string& answer)> answer_other;
  PreparedAnswers prepared = {};  // those to prompts are used
};

// Serves the person in front of the device: sends what the buttons ask for to the server, which
// decides, and shows its answer; asks the prompts of the run, also without a server; keeps the one
// question that is on the screen. A request is repeated after a lost connection until it is
// answered. Thread-safe; has a thread that follows the run's prompts.
class PersonDesk final : public PersonInput, public SessionGuest {
 public:
  explicit PersonDesk(PersonDeskPorts ports);
  ~PersonDesk() override;

  void Pressed(DeviceAction action) override;
  void Answered(const std::string& question_id, const std::string& answer) override;
  // A question of the user flow's pages, on the screen while nothing else is asked.
  void Ask(const std::optional<Question>& question);

  void Connected(const LandingCard& landing, Time now) override;
  void Lost() override;
  void Receive(const DownMessage& message, Time now) override;
  std::vector<UpMessage> Due(Time now) override;
  Time NextDue() const override { return Time::max(); }

 private:
  struct Request {
    ActionRequest request;
    bool sent = false;  // on this connection
  };
  void Watch(std::stop_token stop);
  void AnswerPrepared();
  // Puts the question on the screen that comes first now.
  void ShowQuestion();
  void Open(DeviceAction action);
  void AnswerPrompt(const std::string& item_id, const std::string& answer);

  PersonDeskPorts ports_;
  std::mutex mutex_;  // guards what follows
  std::vector<DeviceAction> allowed_;
  std::map<DeviceAction, Request> requests_;  // at most one of a kind
  bool connected_ = false;
  bool confirming_reset_ = false;
  std::optional<Question> other_;
  std::map<std::string, std::string> complaints_;  // by item
  std::optional<Question> shown_;
  std::jthread watcher_;  // last: joined before the rest goes
};

// "Refresh", for people.
std::string_view NameOf(DeviceAction action);

}  // namespace preseal::agent
