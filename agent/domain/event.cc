// SPDX-License-Identifier: Apache-2.0
#include "agent/domain/event.h"

namespace preseal::agent {
namespace {

struct KeyVisitor {
  std::string operator()(const RunStarted&) const { return "run-started"; }
  std::string operator()(const ItemChanged& change) const { return "item/" + change.item_id; }
  std::string operator()(const LogLine&) const { return ""; }
  std::string operator()(const RunFinished&) const { return "run-finished"; }
  std::string operator()(const CommandChanged& change) const {
    return "command/" + change.command_id;
  }
  std::string operator()(const SealQuoted& quoted) const {
    return "seal-quoted/" + quoted.command_id;
  }
  std::string operator()(const SealArmed&) const { return "seal-armed"; }
  // One of each boot is kept: restarts are counted.
  std::string operator()(const RunInterrupted& interrupted) const {
    return "run-interrupted/" + interrupted.boot_id;
  }
  std::string operator()(const RunResumed& resumed) const {
    return resumed.rebooted ? "run-resumed/" + resumed.boot_id : "agent-resumed";
  }
  std::string operator()(const HoldChanged&) const { return "hold"; }
  std::string operator()(const ItemWaived& waived) const { return "waived/" + waived.item_id; }
  std::string operator()(const PromptAnswered& answered) const {
    return "answered/" + answered.item_id;
  }
};

}  // namespace

std::string KeyOf(const EventBody& body) { return std::visit(KeyVisitor{}, body); }

}  // namespace preseal::agent
