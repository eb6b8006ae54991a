// SPDX-License-Identifier: Apache-2.0
// The step engine's decisions, apart from any doing: plan, state, running calls and the time go in,
// the next move comes out. Pure; docs/engine.md has the rules in words.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/domain/engine/board.h"
#include "agent/domain/event.h"
#include "agent/domain/item_code.h"
#include "agent/domain/plan.h"
#include "agent/domain/run_state.h"
#include "agent/domain/step_result.h"

namespace preseal::agent {

// A call of the executor. kCheck asks verify whether an apply that was cut short took effect.
enum class Part { kRequires, kCheck, kDetect, kApply, kVerify };

// What the engine knows of an item beyond its events, and may lose at any time.
struct Live {
  Part part = Part::kRequires;  // running, or the next to be started
  bool running = false;
  std::chrono::milliseconds active_at{0};  // active time of its last output or progress
  bool halted = false;                     // asked to stop
  std::optional<ItemCode> why;             // halted: what its attempt ends with
};

// Of the server's token for one item.
struct TokenStanding {
  bool granted = false;
  uint32_t place = 0;  // 1 is next; 0: not known yet
};

struct Inputs {
  std::map<size_t, Live> live;             // by step
  std::map<size_t, TokenStanding> tokens;  // by step; none: not granted
};

// An event to be recorded, with what must be remembered of it; the recorder adds the times.
struct Fact {
  EventBody body;
  EngineMemory memory;
};

// One thing to do. The facts are recorded, in order, before the rest is done.
struct Move {
  struct Begin {
    size_t index = 0;
    Part part = Part::kRequires;
  };
  struct Halt {
    size_t index = 0;
    std::optional<ItemCode> why;  // nothing: it will be taken up again
  };
  std::vector<Fact> facts;
  std::optional<Begin> begin;  // call the executor
  std::optional<Halt> halt;    // stop a call that runs
};

struct Decision {
  std::optional<Move> move;                       // make it, then ask again
  std::optional<std::chrono::milliseconds> wake;  // no move: ask again then, on the run's clock
};

// What to do next, `now` on the run's clock. The same arguments give the same answer, so a state
// that was folded from the journal decides as the one that made it. No move and no wake: the run is
// finished, is held, or waits for running calls.
Decision Next(const Plan& plan, const RunState& state, const Inputs& inputs,
              std::chrono::milliseconds now);

// What the end of a call means. `next` is the part that comes next without another look at the
// state; nothing: the item is over, waits, or begins again from its state.
struct Conclusion {
  std::vector<Fact> facts;
  std::optional<Part> next;
};
Conclusion Conclude(const Plan& plan, const RunState& state, size_t index, const Live& live,
                    const StepResult& result);

// The server's tokens (class, item) that are waited for or in use.
std::set<std::pair<std::string, std::string>> TokensNeeded(const Plan& plan, const RunState& state,
                                                           const Inputs& inputs);

// What the executor is handed for a step: itself, with its deadline extended; for a prompt that was
// answered in this run the file its answer goes to.
Step StepToExecute(const Plan& plan, const RunState& state, size_t index);

// The agent is back in a run that has begun and not ended: recorded before anything else.
Fact ResumeFact(const RunState& state, const std::string& boot_id, bool late);
// After a waiver: the second RunFinished of a failed run that nothing holds any more.
std::optional<Fact> HealedFact(const Plan& plan, const RunState& state);
// Facts that end a run before its time: every item that is open fails with RUN_ENDED.
std::vector<Fact> EndFacts(const RunState& state, const RunFinished& finished);
// The device could not be restarted.
std::vector<Fact> RestartRefusedFacts(const Plan& plan, const RunState& state,
                                      std::string_view why);

// The item as it stands, as an event; what follows changes it.
Fact FactOf(const RunState::Entry& entry);
// The same in another state, with what belongs to the old state dropped.
Fact FactOf(const RunState::Entry& entry, ItemState state);
Fact FailedFact(const RunState::Entry& entry, ItemCode code, std::string message);

}  // namespace preseal::agent
