// SPDX-License-Identifier: Apache-2.0
// For the engine's model test: a device on a virtual clock. Steps succeed, fail, hang, restart the
// device; people hold, waive, answer, or do not; the agent is killed between any two events and
// goes on from its journal. Every invariant is checked where it could break.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/domain/engine/engine.h"
#include "agent/domain/engine/run_clock.h"

namespace preseal::agent::model {

using std::chrono::milliseconds;

// Everything random in a run comes out of its seed.
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}
  bool Chance(int percent) { return static_cast<int>(Throw() % 100) < percent; }
  uint32_t Below(uint32_t end) { return static_cast<uint32_t>(Throw() % end); }
  milliseconds Upto(milliseconds longest) {
    return milliseconds(static_cast<int64_t>(Throw() % static_cast<uint64_t>(longest.count() + 1)));
  }
  template <typename T>
  T OneOf(std::initializer_list<T> values) {
    return values.begin()[Below(static_cast<uint32_t>(values.size()))];
  }

 private:
  // SplitMix64: the same everywhere.
  uint64_t Throw() {
    uint64_t mixed = state_ += 0x9E3779B97F4A7C15;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
    return mixed ^ (mixed >> 31);
  }
  uint64_t state_;
};

// Acyclic, with everything a plan can hold.
Plan RandomPlan(Dice& dice);

class World {
 public:
  explicit World(uint64_t seed);
  // Until the run has finished or an invariant broke. Empty: all is well.
  std::string Run();
  // What the runs came to, so that a test can see it tested something.
  struct Tally {
    int finished = 0, succeeded = 0, kills = 0, restarts = 0, holds = 0, waivers = 0, applies = 0;
  };
  const Tally& tally() const { return tally_; }

 private:
  struct Call {
    Part part = Part::kRequires;
    uint32_t attempt = 0;
    milliseconds end{0};  // steady
    StepResult result;
    bool chatty = false;
  };
  milliseconds RunTime() const { return clock_.At(Steady()); }
  std::chrono::steady_clock::time_point Steady() const {
    return std::chrono::steady_clock::time_point(steady_);
  }
  WallTime Wall() const { return WallTime(steady_ + wall_offset_); }

  void Tick();
  // False: the agent was killed with the event written, or just before it.
  bool Record(const std::vector<Fact>& facts);
  void Append(const Fact& fact);
  bool DeliverOne();
  void Make(const Move& move);
  void Begin(size_t index, Part part);
  void Idle(const Decision& decision);
  void Kill(bool reboot, milliseconds away);
  void CutUnsynced();
  void PlanGoingDown();
  void PeopleAct();
  const Inputs& LookAround();
  Call NewCall(size_t index, Part part);
  StepResult ResultOf(size_t index, const Call& call);
  StepResult Apply(size_t index);
  StepResult Look(size_t index, Part part);

  // Invariants; the first that breaks is kept.
  void Expect(bool holds, const std::string& what);
  void CheckBegin(size_t index, Part part);
  void CheckApply(size_t index);
  void CheckIdle(const Decision& decision);
  void CheckWaiting(size_t index);
  void CheckReplay();
  void CheckEnd();
  void CheckHeals();
  milliseconds Bound() const;

  const uint64_t seed_;
  Dice dice_;
  const Plan plan_;
  milliseconds steady_{std::chrono::hours(1)};
  milliseconds wall_offset_{std::chrono::hours(500'000)};
  RunClock clock_{std::chrono::steady_clock::time_point(std::chrono::hours(1))};
  int boot_ = 1;

  // The agent's memory, gone when it is killed.
  RunState state_;
  Inputs inputs_;
  std::map<size_t, Call> calls_;
  std::vector<Event> journal_;

  // The device's truth.
  std::vector<bool> in_place_, applies_here_;
  std::vector<bool> after_restart_;  // its effect shows then
  std::set<std::pair<size_t, uint32_t>> begun_;
  std::vector<bool> unjudged_;               // applied, and nobody has looked since
  std::map<size_t, milliseconds> token_at_;  // steady; when it is granted
  milliseconds next_act_{0};                 // steady
  std::optional<milliseconds> down_at_;      // steady; of a planned restart
  int commands_ = 0;
  int kills_left_;
  int reboots_left_;
  milliseconds gaps_{0};     // run time that passed while the agent was away
  uint64_t moves_here_ = 0;  // without time passing
  std::string broken_;
  Tally tally_;
};

}  // namespace preseal::agent::model
