// SPDX-License-Identifier: Apache-2.0
// What must hold whatever happens.
#include <fmt/format.h>

#include <algorithm>

#include "agent/domain/engine/engine_model.h"
#include "common/base/limits.h"

namespace preseal::agent::model {
namespace {

std::string Describe(const Decision& decision) {
  std::string text = decision.wake ? fmt::format("wake {} ", decision.wake->count()) : "";
  if (!decision.move) return text;
  for (const Fact& fact : decision.move->facts) {
    text += KeyOf(fact.body);
    if (const auto* change = std::get_if<ItemChanged>(&fact.body)) {
      text += fmt::format(" {}/{}/{}/{}", static_cast<int>(change->state), change->attempt,
                          change->code, change->wait ? change->wait->limit.count() : -1);
    }
    text += fmt::format(" {}/{}; ", fact.memory.began.count(), fact.memory.interruptions);
  }
  if (decision.move->begin) {
    text += fmt::format("begin {}/{}", decision.move->begin->index,
                        static_cast<int>(decision.move->begin->part));
  }
  if (decision.move->halt) text += fmt::format("halt {}", decision.move->halt->index);
  return text;
}

// As the spool leaves them once everything was acked.
std::vector<Event> Compact(const std::vector<Event>& journal) {
  std::map<std::string, size_t> last;
  for (size_t i = 0; i < journal.size(); ++i) {
    const std::string key = KeyOf(journal[i].body);
    if (!key.empty()) last[key] = i;
  }
  std::set<size_t> kept;
  for (const auto& [key, index] : last) kept.insert(index);
  std::vector<Event> events;
  for (const size_t index : kept) events.push_back(journal[index]);
  return events;
}

RunState Fold(const Plan& plan, const std::vector<Event>& events) {
  RunState state(plan);
  for (const Event& event : events) state.Apply(event);
  return state;
}

bool InFlight(const Board& board, size_t index) {
  return board.Started(index) && !board.Ended(index);
}

}  // namespace

void World::Expect(bool holds, const std::string& what) {
  if (!holds && broken_.empty()) broken_ = what;
}

void World::CheckReplay() {
  const RunState whole = Fold(plan_, journal_);
  const RunState compacted = Fold(plan_, Compact(journal_));
  Expect(whole == state_, "the journal folds to another state");
  Expect(compacted == state_, "the compacted journal folds to another state");
  const std::string live = Describe(Next(plan_, state_, inputs_, RunTime()));
  Expect(live == Describe(Next(plan_, compacted, inputs_, RunTime())), "replay decides otherwise");
}

void World::CheckBegin(size_t index, Part part) {
  const Board board(plan_, state_);
  const Step& step = plan_.steps[index];
  Expect(!state_.held(), step.item_id + " began while the run was held");
  Expect(!state_.interruption(), step.item_id + " began while the device goes down");
  Expect(!board.Ended(index), step.item_id + " began after its end");
  Expect(!calls_.contains(index), step.item_id + " began twice at once");
  Expect(calls_.size() < kStepsInFlightMax, "too many calls at once");
  const StepGroup* group = board.GroupOf(index);
  const uint32_t max = group ? group->max_in_flight : (board.Background(index) ? 0 : 1);
  uint32_t in_group = 1;
  for (const auto& [other, call] : calls_) {
    const bool counts = group != nullptr || !board.Background(other);
    if (counts && board.GroupOf(other) == group) ++in_group;
  }
  Expect(max == 0 || in_group <= max, step.item_id + " is one too many of its group");
  for (size_t i = 0; i < board.size(); ++i) {
    const bool before = std::count(step.after.begin(), step.after.end(), plan_.steps[i].item_id);
    const bool done = board.Ended(i) || (board.Closed(i) && board.entry(i).item.waiver);
    if (before && !board.Teardown(index)) Expect(done, step.item_id + " began too early");
    if (board.Teardown(index) && board.Main(i)) {
      Expect(board.Closed(i), step.item_id + " tears down too early");
    }
    const bool later_phase = plan_.steps[i].phase < step.phase && board.Main(i);
    if (later_phase) Expect(board.Closed(i), step.item_id + " began before its phase");
  }
  const bool stops = board.Stopping() && !board.Teardown(index) && part == Part::kApply;
  Expect(!stops, step.item_id + " was applied while the run stops");
}

void World::CheckApply(size_t index) {
  const Item& item = state_.entries()[index].item;
  Expect(begun_.emplace(index, item.attempt).second, item.item_id + " applied twice in an attempt");
  Expect(!unjudged_[index], item.item_id + " applied again though nobody looked");
  const bool is_prompt = std::holds_alternative<PromptStep>(plan_.steps[index].action);
  Expect(item.attempt <= plan_.steps[index].attempts + kStepResumesMax || is_prompt,
         item.item_id + " has too many attempts");
  Expect(item.state == ItemState::kInProgress && !item.wait, item.item_id + " applies in secret");
  if (!plan_.steps[index].token.empty()) {
    const auto token = inputs_.tokens.find(index);
    Expect(token != inputs_.tokens.end() && token->second.granted,
           item.item_id + " applied without its token");
  }
  for (const auto& [other, call] : calls_) {
    const bool both = plan_.steps[other].installer_lock && plan_.steps[index].installer_lock;
    Expect(!both || call.part != Part::kApply, item.item_id + " broke the installer lock");
  }
}

void World::CheckIdle(const Decision& decision) {
  if (state_.outcome()) return;
  const milliseconds active = state_.ActiveAt(RunTime());
  Expect(active <= Bound(), "the run does not end");
  Expect(!decision.wake || *decision.wake > RunTime(), "it would wake in the past");
  if (state_.held() && !state_.interruption()) return;
  Expect(decision.wake.has_value() || !calls_.empty(), "it waits for nothing");
  if (state_.interruption()) return;
  for (size_t i = 0; i < plan_.steps.size(); ++i) CheckWaiting(i);
}

void World::CheckWaiting(size_t index) {
  const Board board(plan_, state_);
  if (!InFlight(board, index) || calls_.contains(index)) return;
  const Item& item = board.entry(index).item;
  Expect(item.state != ItemState::kIdentifying || !calls_.empty(),
         item.item_id + " sits on identifying");
  const bool timed = std::holds_alternative<WaitStep>(plan_.steps[index].action);
  Expect(item.wait || timed || !calls_.empty(), item.item_id + " waits namelessly");
  if (item.wait) Expect(item.wait->limit.count() > 0, item.item_id + " waits without an end");
  const auto deadline = board.DeadlineOf(index);
  Expect(!deadline || state_.ActiveAt(RunTime()) < deadline->at,
         item.item_id + " outlived its deadline");
}

// By the run's deadline if it has one, else by what all steps together may take.
milliseconds World::Bound() const {
  using std::chrono::minutes;
  const auto restarts = static_cast<int>(state_.planned_restarts()) + 1;
  milliseconds bound = gaps_ + restarts * minutes(25) + minutes(1);
  bound += milliseconds(kBackgroundGrace) + milliseconds(kTeardownTimeoutMax);
  if (plan_.esp.timeout.count() > 0) {
    return bound + plan_.esp.timeout + state_.ExtendedBy("");
  }
  for (const Step& step : plan_.steps) {
    const milliseconds each = 6 * (step.timeout + state_.ExtendedBy(step.item_id)) +
                              milliseconds(kTokenWaitMax) + milliseconds(kInstallerWaitMax) +
                              milliseconds(kStepRetryLongest);
    bound += (step.attempts + kStepResumesMax) * each + 20 * minutes(5);
  }
  return bound;
}

void World::CheckEnd() {
  ++tally_.finished;
  const Board board(plan_, state_);
  for (size_t i = 0; i < board.size(); ++i) {
    const Item& item = board.entry(i).item;
    Expect(!InFlight(board, i), item.item_id + " is left open");
    if (board.Teardown(i)) Expect(board.Ended(i), item.item_id + " did not tear down");
    const Step& step = plan_.steps[i];
    const uint32_t own = std::holds_alternative<RebootStep>(step.action)
                             ? std::max(1u, step.reboots_max)
                             : step.reboots_max;
    Expect(item.reboots <= own, item.item_id + " restarted the device too often");
    const bool counts = item.gating == Gating::kBlocking && !board.Teardown(i) && !item.waiver;
    if (state_.outcome() != RunOutcome::kSucceeded || !counts) continue;
    const bool well = item.state == ItemState::kSucceeded || item.state == ItemState::kNotRequired;
    Expect(well, item.item_id + " blocks, yet the run succeeded");
    if (item.state == ItemState::kNotRequired) Expect(!applies_here_[i], "it was required");
    const bool verified = !std::holds_alternative<ScriptStep>(step.action) || in_place_[i];
    if (item.state == ItemState::kSucceeded) {
      Expect(verified, item.item_id + " was never verified, yet the run succeeded");
    }
  }
  Expect(state_.planned_restarts() <= plan_.reboots_max, "the run restarted the device too often");
  if (state_.outcome() == RunOutcome::kSucceeded) ++tally_.succeeded;
  CheckReplay();
  CheckHeals();
}

// Everything waived, a failed run heals.
void World::CheckHeals() {
  if (state_.outcome() != RunOutcome::kFailed) return;
  for (const Step& step : plan_.steps) Append({ItemWaived{step.item_id, "ada", "enough"}, {}});
  const auto healed = HealedFact(plan_, state_);
  Expect(healed.has_value(), "a run whose items are all waived stays failed");
  if (healed) Append(*healed);
  Expect(state_.outcome() == RunOutcome::kSucceeded, "it did not heal");
}

}  // namespace preseal::agent::model
