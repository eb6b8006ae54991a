// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/console/wait_text.h"

#include <fmt/format.h>

#include "agent/adapters/console/frame.h"

namespace preseal::agent {
namespace {

// In the largest unit that says it without a fraction.
std::string LimitText(std::chrono::milliseconds limit) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limit).count();
  if (seconds % 60 != 0 || seconds < 60) return fmt::format("{} s", seconds);
  return fmt::format("{} min", seconds / 60);
}

// What it is without an owner's name.
std::string_view WordsOf(Wait::Kind kind) {
  switch (kind) {
    case Wait::Kind::kToken:
      return "the server's queue";
    case Wait::Kind::kInstaller:
      return "another installation";
    case Wait::Kind::kRetry:
      return "the next attempt";
    case Wait::Kind::kPrompt:
      return "an answer";
    case Wait::Kind::kHold:
      return "a person to let it go on";
    case Wait::Kind::kReboot:
      return "the restart";
    case Wait::Kind::kServer:
      return "the server";
    case Wait::Kind::kSpool:
      return "the server to take events";
  }
  return "something";
}

}  // namespace

std::string WaitText(const Wait& wait, std::chrono::seconds waited) {
  std::string text = "waiting for ";
  text += wait.owner.empty() ? WordsOf(wait.kind) : std::string_view(wait.owner);
  if (wait.place > 0) text += fmt::format(", place {}", wait.place);
  text += ", since " + ElapsedText(waited);
  if (wait.limit.count() > 0) text += ", at most " + LimitText(wait.limit);
  return text;
}

std::string_view NameOf(Wait::Kind kind) {
  switch (kind) {
    case Wait::Kind::kToken:
      return "token";
    case Wait::Kind::kInstaller:
      return "installer";
    case Wait::Kind::kRetry:
      return "retry";
    case Wait::Kind::kPrompt:
      return "prompt";
    case Wait::Kind::kHold:
      return "hold";
    case Wait::Kind::kReboot:
      return "reboot";
    case Wait::Kind::kServer:
      return "server";
    case Wait::Kind::kSpool:
      return "spool";
  }
  return "unknown";
}

}  // namespace preseal::agent
