// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/service/status_display.h"

namespace preseal::agent {

// Everything the screen may show, as last told. Texts are as they came: whoever draws escapes them.
struct ScreenModel {
  std::string activity;
  std::optional<bool> connected;  // absent until first told
  std::string connection_detail;
  std::optional<LandingCard> landing;
  std::vector<Item> items;
  std::chrono::seconds elapsed{0};
  std::deque<std::string> log;  // newest last, at most kScreenLogLinesMax
  std::optional<ResultCard> result;
  std::optional<Question> question;
  std::string typed;   // the answer so far, as it may be shown
  std::string notice;  // empty: none, or shown long enough
  // Where the run stood when an item began to wait for what it waits for now.
  std::map<std::string, std::chrono::seconds> waiting_since;
};

}  // namespace preseal::agent
