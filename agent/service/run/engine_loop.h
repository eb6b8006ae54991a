// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "agent/domain/engine/engine.h"
#include "agent/service/run/run_recorder.h"
#include "agent/service/run/runner.h"
#include "agent/service/run/step_call.h"

namespace preseal::agent {

// Makes the engine's moves: records its facts, starts and stops calls of the executor, asks for
// tokens; sleeps until something changes or a deadline comes. One thread decides, each call has its
// own. For one use on one thread.
class EngineLoop {
 public:
  EngineLoop(RunRecorder& recorder, const RunnerPorts& ports, std::stop_token stop);
  // Ends what still runs, gives tokens back.
  ~EngineLoop();

  // As ExecutePlan.
  StatusOr<std::optional<RunOutcome>> Run();

 private:
  Status Begin();
  StatusOr<bool> TakeResults();
  Status TakeResult(size_t index);
  Status Make(const Move& move, const RunState& decided_on);
  StatusOr<bool> RecordUnlessOvertaken(const std::vector<Fact>& facts, const RunState& decided_on);
  Status Record(const std::vector<Fact>& facts);
  Status StopCalls();
  Inputs LookAround();
  void SyncTokens();
  void Sleep(uint64_t seen, const std::optional<std::chrono::milliseconds>& wake);

  RunRecorder& recorder_;
  const RunnerPorts ports_;
  const std::stop_token stop_;
  Inputs inputs_;
  std::set<std::pair<std::string, std::string>> wanted_;  // tokens: class, item
  std::map<size_t, std::unique_ptr<StepCall>> calls_;     // by step
};

}  // namespace preseal::agent
