// SPDX-License-Identifier: Apache-2.0
// For tests of the engine's rules: a run on paper. Pump makes every move that is due, calls "run"
// until the test ends them, the clock moves when the test says so.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "agent/domain/engine/engine.h"

namespace preseal::agent {

class EngineTest : public testing::Test {
 protected:
  using milliseconds = std::chrono::milliseconds;

  // A blocking script outside of groups, one attempt.
  Step& Add(const std::string& item_id) {
    Step step;
    step.item_id = item_id;
    step.timeout = std::chrono::minutes(1);
    step.action = ScriptStep{"detect", "apply", "verify"};
    plan_.steps.push_back(step);
    return plan_.steps.back();
  }
  Step& AddTo(const std::string& group, const std::string& item_id) {
    Add(item_id).group = group;
    return plan_.steps.back();
  }
  StepGroup& AddGroup(const std::string& name) {
    plan_.groups.push_back({.name = name});
    return plan_.groups.back();
  }

  void Start() {
    state_ = RunState(plan_);
    Record({RunStarted{"test", "boot-1"}, {}});
    Pump();
  }
  void Record(const Fact& fact) {
    Event event;
    event.body = fact.body;
    event.memory = fact.memory;
    event.run_time = now_;
    event.memory.held = state_.HeldBy(now_);
    state_.Apply(event);
  }
  void Record(const std::vector<Fact>& facts) {
    for (const Fact& fact : facts) Record(fact);
  }
  void Record(const EventBody& body) { Record(Fact{body, {}}); }

  // Every move that is due.
  void Pump() {
    for (int moves = 0; moves < 1000; ++moves) {
      const Decision decision = Next(plan_, state_, inputs_, now_);
      wake_ = decision.wake;
      if (!decision.move) return;
      Record(decision.move->facts);
      if (decision.move->begin) Begin(*decision.move->begin);
      if (decision.move->halt) {
        Live& live = inputs_.live.at(decision.move->halt->index);
        live.halted = true;
        live.why = decision.move->halt->why;
      }
    }
    ADD_FAILURE() << "moves without end";
  }
  void Pass(milliseconds time) {
    now_ += time;
    Pump();
  }

  bool Runs(const std::string& item_id, Part part) const {
    const auto live = inputs_.live.find(IndexOf(item_id));
    return live != inputs_.live.end() && live->second.running && live->second.part == part;
  }
  // Of all calls that run.
  size_t Running() const {
    return static_cast<size_t>(std::count_if(inputs_.live.begin(), inputs_.live.end(),
                                             [](const auto& live) { return live.second.running; }));
  }
  // Ends the call of the item that runs.
  void End(const std::string& item_id, const StepResult& result) {
    const size_t index = IndexOf(item_id);
    ASSERT_TRUE(inputs_.live.contains(index) && inputs_.live.at(index).running) << item_id;
    const Live live = inputs_.live.at(index);
    inputs_.live.erase(index);
    const Conclusion conclusion = Conclude(plan_, state_, index, live, result);
    Record(conclusion.facts);
    if (conclusion.next) inputs_.live[index] = Live{.part = *conclusion.next};
    Pump();
  }
  void Done(const std::string& item_id) { End(item_id, Result(StepResult::Kind::kDone)); }
  void Missing(const std::string& item_id) { End(item_id, Result(StepResult::Kind::kNotInPlace)); }
  void Fails(const std::string& item_id) {
    StepResult result = Result(StepResult::Kind::kFailed);
    result.code = ItemCode::kStepExitCode;
    End(item_id, result);
  }
  // Detect says no, apply and verify succeed.
  void Succeed(const std::string& item_id) {
    Missing(item_id);
    Done(item_id);
    Done(item_id);
  }
  void FailInApply(const std::string& item_id) {
    Missing(item_id);
    Fails(item_id);
  }
  void AskRestart(const std::string& item_id, StepResult::Reboot reboot) {
    StepResult result = Result(StepResult::Kind::kDone);
    result.reboot = reboot;
    End(item_id, result);
  }
  // The agent's memory goes; the device comes back, or only the agent does.
  void ComeBack(const std::string& boot_id, bool late = false) {
    inputs_ = {};
    Record(ResumeFact(state_, boot_id, late));
    Pump();
  }

  const Item& ItemNamed(const std::string& item_id) const { return state_.Find(item_id)->item; }
  ItemState StateOf(const std::string& item_id) const { return ItemNamed(item_id).state; }
  std::string CodeOf(const std::string& item_id) const { return ItemNamed(item_id).code; }
  std::optional<Wait::Kind> WaitOf(const std::string& item_id) const {
    const auto& wait = ItemNamed(item_id).wait;
    return wait ? std::optional(wait->kind) : std::nullopt;
  }
  size_t IndexOf(const std::string& item_id) const {
    const auto found =
        std::find_if(plan_.steps.begin(), plan_.steps.end(),
                     [&item_id](const Step& step) { return step.item_id == item_id; });
    return static_cast<size_t>(std::distance(plan_.steps.begin(), found));
  }
  static StepResult Result(StepResult::Kind kind) {
    StepResult result;
    result.kind = kind;
    return result;
  }

  Plan plan_;
  RunState state_;
  Inputs inputs_;
  milliseconds now_{0};
  std::optional<milliseconds> wake_;

 private:
  void Begin(const Move::Begin& begin) {
    inputs_.live[begin.index] =
        Live{.part = begin.part, .running = true, .active_at = state_.ActiveAt(now_)};
  }
};

}  // namespace preseal::agent
