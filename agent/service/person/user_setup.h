// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/domain/out_of_box.h"
#include "agent/service/change_signal.h"
#include "agent/service/person/out_of_box_target.h"
#include "agent/service/person/person_input.h"
#include "agent/service/session/session_guest.h"
#include "agent/service/status_display.h"

namespace preseal::agent {

// All borrowed; called with the setup's lock held, so none may call back.
struct UserSetupPorts {
  OutOfBoxTarget& target;
  StatusDisplay& display;
  ChangeSignal& signal;
  std::function<void(const std::optional<Question>&)> ask;
  std::function<std::string()> new_request_id;
  std::function<void(const std::string& language)> use_language;
  std::function<void(const std::string& username)> use_username;
};

// The first boot before the user flow's run: asks what has to be asked, applies it to the target at
// once, signs the user in at the server. The run follows by the server's order. What was answered
// survives a restart, the code does not. Thread-safe.
class UserSetup final : public SessionGuest {
 public:
  // Errors as OutOfBoxTarget::Load.
  static StatusOr<std::unique_ptr<UserSetup>> Open(UserSetupPorts ports, PreparedAnswers prepared);

  // What a person entered; dropped if it does not answer the question that is asked.
  void Answered(const std::string& question_id, const std::string& answer);

  void Connected(const LandingCard& landing, Time now) override;
  void Lost() override;
  void Receive(const DownMessage& message, Time now) override;
  std::vector<UpMessage> Due(Time now) override;
  Time NextDue() const override;

 private:
  UserSetup(UserSetupPorts ports, PreparedAnswers prepared, SetupMemory memory);
  void TakeLanding(const LandingCard& landing, bool anew);
  void TakeState(const SignInState& state, Time now);
  // Shows or sends what comes next.
  void Advance();
  void AskPage(SetupPage page);
  void ShowWaiting(SetupPage page);
  // False: the answer is no answer to this page; complaint_ says why.
  bool TakeAnswer(SetupPage page, const std::string& answer);
  // By value: the caller's may be the very fact that is cleared.
  bool TakeLanguage(std::string answer);
  bool TakeKeyboard(std::string answer);
  bool TakeWireless(const std::string& key);
  bool Refuse(std::string complaint);
  void Remember();
  SignInRequest MakeRequest();

  UserSetupPorts ports_;
  mutable std::mutex mutex_;  // guards what follows
  PreparedAnswers prepared_;
  SetupMemory memory_;  // as saved
  SetupFacts facts_;
  std::string assigned_user_;
  std::string complaint_;
  std::optional<SignInRequest> request_;  // not answered yet
  bool request_sent_ = false;             // on this connection
  std::optional<SignInState> pending_;    // what the user has to do elsewhere
  Time again_at_ = Time::max();           // self-deploying: ask again
};

}  // namespace preseal::agent
