// SPDX-License-Identifier: Apache-2.0
// What to do next: the rules of one item that has begun, not ended, and has no call running.
#include <algorithm>
#include <cstdlib>

#include "agent/domain/engine/decider.h"
#include "common/base/limits.h"

namespace preseal::agent {
namespace {

bool IsOwnWork(const Step& step) {
  return std::holds_alternative<PromptStep>(step.action) ||
         std::holds_alternative<WaitStep>(step.action) ||
         std::holds_alternative<RebootStep>(step.action);
}

// Of the engine's own work only an answer that was written down can be looked for.
bool CanDetect(const Step& step) {
  const auto* prompt = std::get_if<PromptStep>(&step.action);
  return prompt ? !prompt->answer_path.empty() : !IsOwnWork(step);
}

ItemChanged& ChangeIn(Fact& fact) { return std::get<ItemChanged>(fact.body); }

Fact WaitFact(const RunState::Entry& entry, Wait wait) {
  Fact fact = FactOf(entry, ItemState::kInProgress);
  ChangeIn(fact).wait = std::move(wait);
  return fact;
}

}  // namespace

Decider::MaybeMove Decider::Advance(size_t index) {
  switch (entry(index).item.state) {
    case ItemState::kIdentifying:
      return AdvanceIdentifying(index);
    case ItemState::kInProgress:
      if (entry(index).item.wait) return AdvanceWaiting(index);
      if (std::holds_alternative<WaitStep>(board_.step(index).action)) return AdvanceTimed(index);
      return Recheck(index);
    case ItemState::kVerifying:
      if (entry(index).item.wait) return AdvanceWaiting(index);
      return Begin(index, Part::kVerify);
    case ItemState::kNotStarted:
    case ItemState::kSucceeded:
    case ItemState::kFailed:
    case ItemState::kNotRequired:
      break;
  }
  return std::nullopt;
}

Decider::MaybeMove Decider::AdvanceIdentifying(size_t index) {
  const Step& step = board_.step(index);
  const Live* live = LiveOf(index);
  if (live != nullptr) {
    const bool nothing_to_see = live->part == Part::kDetect && !CanDetect(step);
    if (live->part == Part::kApply || nothing_to_see) return TryApply(index);
    return Begin(index, live->part);
  }
  // Nothing was changed yet, so looking again is free.
  if (entry(index).item.attempt > 0) return Recheck(index);
  if (!step.requires_script.empty()) return Begin(index, Part::kRequires);
  return CanDetect(step) ? Begin(index, Part::kDetect) : TryApply(index);
}

// An apply may have taken effect before it was cut short: verify is asked before it is repeated.
// Without a verify only detect can tell.
Decider::MaybeMove Decider::Recheck(size_t index) {
  const Step& step = board_.step(index);
  const Part part = CanVerify(step) ? Part::kCheck : Part::kDetect;
  if (entry(index).item.state == ItemState::kIdentifying) return Begin(index, part);
  Fact fact = FactOf(entry(index), ItemState::kIdentifying);
  ++fact.memory.interruptions;
  return Begin(index, part, {std::move(fact)});
}

Decider::MaybeMove Decider::AdvanceWaiting(size_t index) {
  const Wait& wait = *entry(index).item.wait;
  const bool over = Reached(entry(index).changed + wait.limit);
  switch (wait.kind) {
    case Wait::Kind::kToken:
      if (!over) return TryApply(index);
      return Record(
          FailedFact(entry(index), ItemCode::kTokenTimeout, "the server gave no token in time"));
    case Wait::Kind::kInstaller:
      if (!over) return TryApply(index);
      return Record(FailedFact(entry(index), ItemCode::kInstallerBusy,
                               "the installer was held by " + wait.owner + " for too long"));
    case Wait::Kind::kPrompt:
      if (!over || state_.AnswerTo(entry(index).item.item_id)) return AdvancePrompt(index);
      return Record(
          FailedFact(entry(index), ItemCode::kPromptUnanswered, "nobody answered in time"));
    case Wait::Kind::kReboot:
      if (entry(index).restarted) return AfterRestart(index);
      if (!over) return std::nullopt;
      return Record(FailedFact(entry(index), ItemCode::kRebootRefused,
                               "the device was not restarted in time"));
    case Wait::Kind::kRetry:
    case Wait::Kind::kHold:
    case Wait::Kind::kServer:
    case Wait::Kind::kSpool:
      return over ? TryApply(index) : std::nullopt;
  }
  std::abort();
}

Decider::MaybeMove Decider::AfterRestart(size_t index) {
  if (std::holds_alternative<RebootStep>(board_.step(index).action)) {
    return Record(FactOf(entry(index), ItemState::kSucceeded));
  }
  return Begin(index, Part::kVerify, {FactOf(entry(index), ItemState::kVerifying)});
}

Decider::MaybeMove Decider::AdvancePrompt(size_t index) {
  const auto& prompt = std::get<PromptStep>(board_.step(index).action);
  if (state_.AnswerTo(entry(index).item.item_id) == nullptr) return std::nullopt;
  if (prompt.answer_path.empty()) return Record(FactOf(entry(index), ItemState::kSucceeded));
  // Asking was its attempt; writing the answer down belongs to it.
  return BeginApply(index, !board_.WaitsFor(index, Wait::Kind::kPrompt));
}

Decider::MaybeMove Decider::AdvanceTimed(size_t index) {
  const Item& item = entry(index).item;
  const milliseconds left(item.total - std::min(item.total, item.done));
  if (!Reached(entry(index).changed + left)) return std::nullopt;
  return Record(FactOf(entry(index), ItemState::kSucceeded));
}

// Between attempts, or before the first: what it needs from others comes first.
Decider::MaybeMove Decider::TryApply(size_t index) {
  const Step& step = board_.step(index);
  if (IsOwnWork(step)) return DoOwnWork(index);
  const auto holder = InstallerHolder();
  const bool in_line = board_.WaitsFor(index, Wait::Kind::kInstaller) && holder;
  const auto token = inputs_.tokens.find(index);
  const bool granted = token != inputs_.tokens.end() && token->second.granted;
  if (!step.token.empty() && !granted && !in_line) return AwaitToken(index);
  if (step.installer_lock && holder) return AwaitInstaller(index);
  return BeginApply(index, true);
}

Decider::MaybeMove Decider::AwaitToken(size_t index) {
  const auto token = inputs_.tokens.find(index);
  const uint32_t place = token == inputs_.tokens.end() ? 0 : token->second.place;
  Wait wait{.kind = Wait::Kind::kToken,
            .owner = "the server's queue for " + board_.step(index).token,
            .limit = kTokenWaitMax,
            .place = place};
  if (board_.WaitsFor(index, Wait::Kind::kToken)) {
    const Wait& before = *entry(index).item.wait;
    const milliseconds end = entry(index).changed + before.limit;
    // A place that is not known for a moment is not news.
    if (place == 0 || before.place == place) return std::nullopt;
    wait.limit = end - active_;
  }
  return Record(WaitFact(entry(index), std::move(wait)));
}

Decider::MaybeMove Decider::AwaitInstaller(size_t index) {
  Wait wait{.kind = Wait::Kind::kInstaller,
            .owner = entry(*InstallerHolder()).item.item_id,
            .limit = kInstallerWaitMax};
  if (board_.WaitsFor(index, Wait::Kind::kInstaller)) {
    const Wait& before = *entry(index).item.wait;
    if (before.owner == wait.owner) return std::nullopt;
    wait.limit = entry(index).changed + before.limit - active_;
  }
  return Record(WaitFact(entry(index), std::move(wait)));
}

Decider::MaybeMove Decider::DoOwnWork(size_t index) {
  const Step& step = board_.step(index);
  if (std::holds_alternative<RebootStep>(step.action)) return RequestRestart(index);
  if (std::holds_alternative<PromptStep>(step.action) && state_.AnswerTo(step.item_id)) {
    return AdvancePrompt(index);
  }
  Fact fact = FactOf(entry(index), ItemState::kInProgress);
  ChangeIn(fact).attempt = entry(index).item.attempt + 1;
  if (const auto* timed = std::get_if<WaitStep>(&step.action)) {
    ChangeIn(fact).total = static_cast<uint64_t>(std::max<int64_t>(0, timed->duration.count()));
  } else {
    ChangeIn(fact).wait = Wait{
        .kind = Wait::Kind::kPrompt, .owner = "the person at the device", .limit = step.timeout};
  }
  return Record(std::move(fact));
}

Decider::MaybeMove Decider::RequestRestart(size_t index) {
  if (!board_.MayRestart(index)) {
    return Record(
        FailedFact(entry(index), ItemCode::kRebootBudget, "the run has no restart left for it"));
  }
  Fact fact = WaitFact(entry(index), {.kind = Wait::Kind::kReboot,
                                      .owner = "restart of the device",
                                      .limit = kPhaseRestartWithin});
  ChangeIn(fact).attempt = entry(index).item.attempt + 1;
  ChangeIn(fact).reboots = entry(index).item.reboots + 1;
  return Record(std::move(fact));
}

Decider::MaybeMove Decider::BeginApply(size_t index, bool counts) {
  Fact fact = FactOf(entry(index), ItemState::kInProgress);
  if (counts) ++ChangeIn(fact).attempt;
  return Begin(index, Part::kApply, {std::move(fact)});
}

Decider::MaybeMove Decider::Begin(size_t index, Part part, std::vector<Fact> facts) {
  if (restart_at_once_ || running_ >= kStepsInFlightMax) return std::nullopt;
  // Back from a restart, a group may have more open items than it may run.
  if (CallsBeside(index) >= board_.MaxInFlight(index)) return std::nullopt;
  Move move;
  move.facts = std::move(facts);
  move.begin = Move::Begin{index, part};
  return move;
}

uint32_t Decider::CallsBeside(size_t index) const {
  uint32_t calls = 0;
  for (const auto& [other, live] : inputs_.live) {
    if (live.running && board_.SameLane(index, other)) ++calls;
  }
  return calls;
}

std::optional<size_t> Decider::InstallerHolder() const {
  for (const auto& [index, live] : inputs_.live) {
    if (live.running && live.part == Part::kApply && board_.step(index).installer_lock) {
      return index;
    }
  }
  return std::nullopt;
}

}  // namespace preseal::agent
