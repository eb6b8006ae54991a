// SPDX-License-Identifier: Apache-2.0
#include "agent/service/run/token_keeper.h"

#include <algorithm>

#include "common/base/limits.h"

namespace preseal::agent {

void TokenKeeper::Want(const std::string& token, const std::string& item_id) {
  if (!state_.Lock()->wants.try_emplace({token, item_id}).second) return;
  signal_.Notify();
}

void TokenKeeper::Release(const std::string& token, const std::string& item_id) {
  const Key key{token, item_id};
  {
    auto state = state_.Lock();
    if (state->wants.erase(key) == 0) return;
    // A broken stream has released everything already.
    if (state->connected) state->released.push_back(key);
  }
  signal_.Notify();
}

TokenClient::Standing TokenKeeper::Look(const std::string& token,
                                        const std::string& item_id) const {
  const Time now = clock_.Steady();
  auto state = state_.Lock();
  const auto found = state->wants.find({token, item_id});
  if (found == state->wants.end()) return {};
  return {found->second.granted_until > now, found->second.place};
}

void TokenKeeper::Connected(const LandingCard& /*landing*/, Time /*now*/) {
  auto state = state_.Lock();
  state->connected = true;
  for (auto& [key, wanted] : state->wants) wanted = {};
}

void TokenKeeper::Lost() {
  bool changed = false;
  {
    auto state = state_.Lock();
    state->connected = false;
    state->released.clear();
    for (auto& [key, wanted] : state->wants) {
      changed = changed || wanted.granted_until != Time{} || wanted.place != 0;
      wanted = {};
    }
  }
  if (changed) signal_.Notify();
}

void TokenKeeper::Receive(const DownMessage& message, Time now) {
  const auto* news = std::get_if<TokenState>(&message);
  if (news == nullptr) return;
  {
    auto state = state_.Lock();
    const auto found = state->wants.find({news->token, news->item_id});
    // It crossed our release on the wire.
    if (found == state->wants.end()) return;
    Wanted& wanted = found->second;
    wanted.granted_until = news->granted ? now + news->lease : Time{};
    wanted.place = news->granted ? 0 : news->place;
  }
  signal_.Notify();
}

std::vector<UpMessage> TokenKeeper::Due(Time now) {
  std::vector<UpMessage> due;
  bool expired = false;
  {
    auto state = state_.Lock();
    for (const auto& [token, item_id] : state->released)
      due.push_back(TokenRelease{token, item_id});
    state->released.clear();
    for (auto& [key, wanted] : state->wants) {
      if (wanted.granted_until != Time{} && wanted.granted_until <= now) {
        wanted.granted_until = {};
        expired = true;
      }
      if (wanted.ask_at > now) continue;
      due.push_back(TokenRequest{key.first, key.second});
      wanted.ask_at = now + kTokenRenewEvery;
    }
  }
  // The engine must learn that it holds nothing any more.
  if (expired) signal_.Notify();
  return due;
}

TokenKeeper::Time TokenKeeper::NextDue() const {
  Time next = Time::max();
  auto state = state_.Lock();
  for (const auto& [key, wanted] : state->wants) {
    next = std::min(next, wanted.ask_at);
    if (wanted.granted_until != Time{}) next = std::min(next, wanted.granted_until);
  }
  return next;
}

}  // namespace preseal::agent
