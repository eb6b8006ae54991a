// SPDX-License-Identifier: Apache-2.0
// Events the engine makes out of the state.
#include <algorithm>

#include "agent/domain/engine/engine.h"
#include "common/base/bytes.h"
#include "common/base/limits.h"

namespace preseal::agent {

Fact FactOf(const RunState::Entry& entry) {
  const Item& item = entry.item;
  ItemChanged change;
  change.item_id = item.item_id;
  change.state = item.state;
  change.percent = item.percent;
  change.code = item.code;
  change.message = item.message;
  change.already_done = item.already_done;
  change.exit_code = item.exit_code;
  change.attempt = item.attempt;
  change.done = item.done;
  change.total = item.total;
  change.wait = item.wait;
  change.stalled = item.stalled;
  change.reboots = item.reboots;
  EngineMemory memory;
  memory.began = entry.began;
  memory.interruptions = entry.interruptions;
  return {std::move(change), memory};
}

Fact FactOf(const RunState::Entry& entry, ItemState state) {
  ItemChanged change;
  change.item_id = entry.item.item_id;
  change.state = state;
  change.attempt = entry.item.attempt;
  change.reboots = entry.item.reboots;
  change.exit_code = entry.item.exit_code;
  if (state == ItemState::kSucceeded || state == ItemState::kVerifying) change.percent = 100;
  EngineMemory memory;
  memory.began = entry.began;
  memory.interruptions = entry.interruptions;
  return {std::move(change), memory};
}

Fact FailedFact(const RunState::Entry& entry, ItemCode code, std::string message) {
  Fact fact = FactOf(entry, ItemState::kFailed);
  auto& change = std::get<ItemChanged>(fact.body);
  change.percent = entry.item.percent;
  change.code = std::string(NameOf(code));
  change.message = EscapeForLog(message, kItemMessageBytesMax);
  return fact;
}

Fact ResumeFact(const RunState& state, const std::string& boot_id, bool late) {
  const bool rebooted = boot_id != state.boot_id();
  const bool planned = rebooted && state.interruption().has_value();
  return {RunResumed{boot_id, rebooted, planned, planned && late}, {}};
}

std::optional<Fact> HealedFact(const Plan& plan, const RunState& state) {
  if (state.outcome() != RunOutcome::kFailed) return std::nullopt;
  if (OutcomeOf(plan, state) != RunOutcome::kSucceeded) return std::nullopt;
  return Fact{RunFinished{.outcome = RunOutcome::kSucceeded, .continued = state.continued()}, {}};
}

std::vector<Fact> EndFacts(const RunState& state, const RunFinished& finished) {
  std::vector<Fact> facts;
  for (const RunState::Entry& entry : state.entries()) {
    const ItemState now = entry.item.state;
    if (now == ItemState::kIdentifying || now == ItemState::kInProgress ||
        now == ItemState::kVerifying) {
      facts.push_back(FailedFact(entry, ItemCode::kRunEnded, "the run was ended"));
    }
  }
  facts.push_back({finished, {}});
  return facts;
}

std::vector<Fact> RestartRefusedFacts(const Plan& plan, const RunState& state,
                                      std::string_view why) {
  const Board board(plan, state);
  std::vector<Fact> facts;
  for (size_t i = 0; i < board.size(); ++i) {
    if (!board.WaitsForRestart(i)) continue;
    facts.push_back(FailedFact(board.entry(i), ItemCode::kRebootRefused, std::string(why)));
  }
  // It did not go down, so the run goes on in the same boot.
  if (state.interruption()) facts.push_back({RunResumed{.boot_id = state.boot_id()}, {}});
  return facts;
}

Step StepToExecute(const Plan& plan, const RunState& state, size_t index) {
  Step step = plan.steps[index];
  step.timeout = std::min<std::chrono::milliseconds>(step.timeout + state.ExtendedBy(step.item_id),
                                                     kStepTimeoutMax);
  const auto* prompt = std::get_if<PromptStep>(&step.action);
  const PromptAnswered* answered = prompt ? state.AnswerTo(step.item_id) : nullptr;
  if (answered != nullptr) {
    FileStep file{.path = prompt->answer_path, .mode = 0644};
    file.source = ToBytes(answered->answer + "\n");
    step.action = std::move(file);
  }
  return step;
}

std::set<std::pair<std::string, std::string>> TokensNeeded(const Plan& plan, const RunState& state,
                                                           const Inputs& inputs) {
  const Board board(plan, state);
  std::set<std::pair<std::string, std::string>> needed;
  for (size_t i = 0; i < board.size(); ++i) {
    if (board.step(i).token.empty()) continue;
    const auto live = inputs.live.find(i);
    const bool applying =
        live != inputs.live.end() && live->second.running && live->second.part == Part::kApply;
    if (applying || board.WaitsFor(i, Wait::Kind::kToken) ||
        board.WaitsFor(i, Wait::Kind::kInstaller)) {
      needed.emplace(board.step(i).token, board.step(i).item_id);
    }
  }
  return needed;
}

}  // namespace preseal::agent
