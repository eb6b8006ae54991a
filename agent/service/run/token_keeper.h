// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/service/change_signal.h"
#include "agent/service/run/token_client.h"
#include "agent/service/session/session_guest.h"
#include "common/base/clock.h"
#include "common/base/guarded.h"

namespace preseal::agent {

// The engine's wants on one side, the session's stream on the other. A want outlives connections:
// it is asked for after every Welcome and renewed every kTokenRenewEvery, which keeps the place or
// the token. A token counts only while its lease runs and its stream lives. Thread-safe.
class TokenKeeper final : public TokenClient, public SessionGuest {
 public:
  // Both borrowed.
  TokenKeeper(const Clock& clock, ChangeSignal& signal) : clock_(clock), signal_(signal) {}

  void Want(const std::string& token, const std::string& item_id) override;
  void Release(const std::string& token, const std::string& item_id) override;
  Standing Look(const std::string& token, const std::string& item_id) const override;

  void Connected(const LandingCard& landing, Time now) override;
  void Lost() override;
  void Receive(const DownMessage& message, Time now) override;
  std::vector<UpMessage> Due(Time now) override;
  Time NextDue() const override;

 private:
  using Key = std::pair<std::string, std::string>;  // token, item
  struct Wanted {
    Time ask_at{};         // earliest: at once
    Time granted_until{};  // earliest: not granted
    uint32_t place = 0;
  };
  struct State {
    std::map<Key, Wanted> wants;
    std::vector<Key> released;  // to be told
    bool connected = false;
  };

  const Clock& clock_;
  ChangeSignal& signal_;
  mutable Guarded<State> state_;
};

}  // namespace preseal::agent
