// SPDX-License-Identifier: Apache-2.0
// The device, its agent and its people.
#include "agent/domain/engine/engine_model.h"

#include <algorithm>

namespace preseal::agent::model {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Kind = StepResult::Kind;

constexpr uint64_t kMovesWithoutTimeMax = 3000;

StepResult Failed(ItemCode code) {
  StepResult result;
  result.kind = Kind::kFailed;
  result.code = code;
  result.message = "as the dice fell";
  return result;
}

StepResult Of(Kind kind) {
  StepResult result;
  result.kind = kind;
  return result;
}

}  // namespace

World::World(uint64_t seed)
    : seed_(seed),
      dice_(seed),
      plan_(RandomPlan(dice_)),
      state_(plan_),
      in_place_(plan_.steps.size()),
      after_restart_(plan_.steps.size()),
      unjudged_(plan_.steps.size()),
      kills_left_(static_cast<int>(dice_.Below(12))),
      reboots_left_(static_cast<int>(dice_.Below(7))) {
  for (size_t i = 0; i < plan_.steps.size(); ++i) {
    in_place_[i] = dice_.Chance(15);
    applies_here_.push_back(dice_.Chance(80));
  }
  next_act_ = steady_;
}

std::string World::Run() {
  Append({RunStarted{"model", "boot-1"}, {}});
  while (broken_.empty() && !(state_.outcome() && calls_.empty())) Tick();
  if (broken_.empty()) CheckEnd();
  return broken_.empty() ? "" : "seed " + std::to_string(seed_) + ": " + broken_;
}

void World::Tick() {
  Expect(++moves_here_ < kMovesWithoutTimeMax, "moves without end");
  if (DeliverOne()) return;
  const Decision decision = Next(plan_, state_, LookAround(), RunTime());
  if (decision.move) {
    Make(*decision.move);
  } else {
    CheckIdle(decision);
    Idle(decision);
  }
}

void World::Append(const Fact& fact) {
  Event event;
  event.device_time = Wall();
  event.body = fact.body;
  event.memory = fact.memory;
  event.run_time = RunTime();
  event.memory.held = state_.HeldBy(event.run_time);
  Expect(event.run_time >= state_.last_run_time(), "the run's clock went back");
  journal_.push_back(event);
  state_.Apply(event);
  if (dice_.Chance(10)) CheckReplay();
}

bool World::Record(const std::vector<Fact>& facts) {
  for (const Fact& fact : facts) {
    for (const bool written : {false, true}) {
      if (written) Append(fact);
      if (kills_left_ > 0 && dice_.Chance(2)) {
        --kills_left_;
        const bool reboot = reboots_left_ > 0 && dice_.Chance(50);
        if (reboot) --reboots_left_;
        Kill(reboot, dice_.Chance(80) ? dice_.Upto(minutes(1)) : dice_.Upto(hours(30)));
        return false;
      }
    }
  }
  return true;
}

bool World::DeliverOne() {
  const auto ended = std::find_if(calls_.begin(), calls_.end(),
                                  [this](const auto& call) { return call.second.end <= steady_; });
  if (ended == calls_.end()) return false;
  const size_t index = ended->first;
  const Call call = ended->second;
  const StepResult result = ResultOf(index, call);
  const Live live = inputs_.live.at(index);
  calls_.erase(ended);
  inputs_.live.erase(index);
  // Whoever looked, or heard that the attempt failed, may apply again.
  const bool failed = result.kind == Kind::kFailed || (result.kind == Kind::kStopped && live.why);
  if (call.part != Part::kRequires && (failed || result.kind == Kind::kNotInPlace)) {
    unjudged_[index] = false;
  }
  const Conclusion conclusion = Conclude(plan_, state_, index, live, result);
  if (Record(conclusion.facts) && conclusion.next) {
    Live next;
    next.part = *conclusion.next;
    inputs_.live[index] = next;
  }
  return true;
}

StepResult World::ResultOf(size_t index, const Call& call) {
  if (call.result.kind == Kind::kStopped) {
    if (call.part == Part::kApply && dice_.Chance(40)) in_place_[index] = true;
    return call.result;
  }
  if (call.result.kind == Kind::kFailed) return call.result;
  return call.part == Part::kApply ? Apply(index) : Look(index, call.part);
}

StepResult World::Apply(size_t index) {
  const uint32_t fate = dice_.Below(100);
  StepResult result = Of(Kind::kDone);
  if (fate < 70) {
    in_place_[index] = fate < 63;
    return result;
  }
  if (fate < 85) {
    result.reboot = fate < 78 ? StepResult::Reboot::kLater : StepResult::Reboot::kNow;
    after_restart_[index] = fate % 4 != 0;
    return result;
  }
  result = Failed(ItemCode::kStepExitCode);
  result.final = fate >= 95;
  result.fatal = fate >= 98;
  if (dice_.Chance(20)) in_place_[index] = true;
  return result;
}

StepResult World::Look(size_t index, Part part) {
  if (part == Part::kRequires) return Of(applies_here_[index] ? Kind::kDone : Kind::kNotInPlace);
  if (part == Part::kVerify && !CanVerify(plan_.steps[index])) return Of(Kind::kDone);
  return Of(in_place_[index] ? Kind::kDone : Kind::kNotInPlace);
}

World::Call World::NewCall(size_t index, Part part) {
  const Step step = StepToExecute(plan_, state_, index);
  Call call;
  call.part = part;
  call.attempt = state_.entries()[index].item.attempt;
  call.chatty = dice_.Chance(60);
  call.end = steady_ + dice_.Upto(dice_.Chance(70) ? seconds(20) : step.timeout);
  if (dice_.Chance(3)) call.result = Failed(ItemCode::kStepSignalled);
  if (dice_.Chance(6) || call.end >= steady_ + step.timeout) {
    call.end = steady_ + step.timeout;
    call.result = Failed(ItemCode::kStepTimeout);
  }
  return call;
}

void World::Make(const Move& move) {
  if (!Record(move.facts)) return;
  if (move.halt) {
    Live& live = inputs_.live.at(move.halt->index);
    live.halted = true;
    live.why = move.halt->why;
    Call& call = calls_.at(move.halt->index);
    const milliseconds stopped = steady_ + dice_.Upto(seconds(2));
    if (stopped < call.end) {
      call.end = stopped;
      call.result = Of(Kind::kStopped);
    }
  }
  if (move.begin) Begin(move.begin->index, move.begin->part);
}

void World::Begin(size_t index, Part part) {
  CheckBegin(index, part);
  if (part == Part::kApply) {
    CheckApply(index);
    ++tally_.applies;
    unjudged_[index] = true;
  }
  calls_[index] = NewCall(index, part);
  Live live;
  live.part = part;
  live.running = true;
  live.active_at = state_.ActiveAt(RunTime());
  inputs_.live[index] = live;
}

const Inputs& World::LookAround() {
  for (auto& [index, call] : calls_) {
    if (call.chatty) inputs_.live.at(index).active_at = state_.ActiveAt(RunTime());
  }
  const auto needed = TokensNeeded(plan_, state_, inputs_);
  inputs_.tokens.clear();
  for (size_t i = 0; i < plan_.steps.size(); ++i) {
    if (!needed.contains({plan_.steps[i].token, plan_.steps[i].item_id})) {
      token_at_.erase(i);
      continue;
    }
    const auto wait = dice_.Chance(10) ? milliseconds(hours(1000)) : dice_.Upto(minutes(10));
    const auto at = token_at_.try_emplace(i, steady_ + wait).first->second;
    inputs_.tokens[i] = {at <= steady_,
                         at <= steady_ ? 0u : 1 + static_cast<uint32_t>(steady_ / minutes(1) % 2)};
  }
  return inputs_;
}

// Nothing to decide: time passes until something happens.
void World::Idle(const Decision& decision) {
  if (state_.outcome() && calls_.empty()) return;
  if (state_.interruption() && !down_at_) PlanGoingDown();
  milliseconds until = next_act_;
  if (decision.wake) {
    // Rounded up: a clock that is read a moment early must not spin.
    until = std::min(until, steady_ + (*decision.wake - RunTime()));
  }
  for (const auto& [index, call] : calls_) until = std::min(until, call.end);
  for (const auto& [index, at] : token_at_) {
    if (at > steady_) until = std::min(until, at);
  }
  if (down_at_) until = std::min(until, *down_at_);
  if (until > steady_) moves_here_ = 0;
  steady_ = std::max(steady_, until);
  if (down_at_ && *down_at_ <= steady_) {
    ++tally_.restarts;
    const bool late = dice_.Chance(20);
    Kill(/*reboot=*/true, late ? hours(3) : dice_.Upto(minutes(1)));
  } else if (next_act_ <= steady_) {
    PeopleAct();
  }
}

void World::PlanGoingDown() {
  const bool refused = dice_.Chance(10);
  down_at_ = refused ? steady_ + hours(100'000) : steady_ + dice_.Upto(minutes(1));
}

// The agent's memory goes, the device's truth stays; the clocks do as they like.
void World::Kill(bool reboot, milliseconds away) {
  ++tally_.kills;
  for (const auto& [index, call] : calls_) {
    if (call.part == Part::kApply && dice_.Chance(40)) in_place_[index] = true;
  }
  calls_.clear();
  inputs_ = {};
  token_at_.clear();
  down_at_.reset();
  if (reboot) {
    CutUnsynced();
    ++boot_;
    for (size_t i = 0; i < in_place_.size(); ++i) {
      if (after_restart_[i]) in_place_[i] = true;
      after_restart_[i] = false;
    }
  }
  steady_ += away;
  if (dice_.Chance(15)) wall_offset_ += dice_.OneOf({hours(24), hours(-24), hours(1)});
  CheckReplay();
  RunState folded(plan_);
  for (const Event& event : journal_) folded.Apply(event);
  state_ = folded;
  if (state_.outcome()) return;
  const milliseconds window =
      state_.interruption() ? state_.interruption()->body.back_within : milliseconds(minutes(20));
  const auto gap = RunClock::GapOf(state_.last_device_time(), Wall(), window);
  gaps_ += gap.counted;
  clock_ = RunClock::Continue(state_.last_run_time(), gap, Steady());
  Append(ResumeFact(state_, "boot-" + std::to_string(boot_), gap.late));
}

// A power cut takes what was not synced: lines, and marks of a stall.
void World::CutUnsynced() {
  while (journal_.size() > 1) {
    const auto* change = std::get_if<ItemChanged>(&journal_.back().body);
    const bool line = std::holds_alternative<LogLine>(journal_.back().body);
    if (!line && !(change != nullptr && change->stalled)) break;
    if (dice_.Chance(50)) break;
    journal_.pop_back();
  }
  RunState folded(plan_);
  for (const Event& event : journal_) folded.Apply(event);
  state_ = folded;
}

void World::PeopleAct() {
  next_act_ = steady_ + milliseconds(1) + dice_.Upto(minutes(3));
  if (state_.held()) {
    if (dice_.Chance(70)) Append({HoldChanged{false, "ada", "go on"}, {}});
    return;
  }
  if (dice_.Chance(6) && ++commands_ < 12) {
    ++tally_.holds;
    Append({HoldChanged{true, "ada", "wait"}, {}});
    return;
  }
  const size_t index = dice_.Below(static_cast<uint32_t>(plan_.steps.size()));
  const std::string& item_id = plan_.steps[index].item_id;
  if (dice_.Chance(4)) {
    ++tally_.waivers;
    Append({ItemWaived{item_id, "ada", "a spare part is missing"}, {}});
  } else if (dice_.Chance(4) && ++commands_ < 12) {
    Fact fact{CommandChanged{"C-" + std::to_string(commands_), CommandState::kDone, "", ""}, {}};
    fact.memory.extended_item_id = dice_.Chance(50) ? item_id : "";
    fact.memory.extended_by = minutes(10);
    Append(fact);
  } else {
    const auto& wait = state_.entries()[index].item.wait;
    if (wait && wait->kind == Wait::Kind::kPrompt && !state_.AnswerTo(item_id)) {
      Append({PromptAnswered{item_id, "42", "device"}, {}});
    }
  }
}

}  // namespace preseal::agent::model
