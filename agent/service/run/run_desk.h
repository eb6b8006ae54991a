// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/service/change_signal.h"
#include "agent/service/diagnostics/diagnostics_collector.h"
#include "agent/service/run/order_lane.h"
#include "agent/service/run/run_recorder.h"
#include "agent/service/run/runner.h"
#include "agent/service/run/token_client.h"
#include "agent/service/seal_ports.h"
#include "agent/service/session/session_channel.h"

namespace preseal::agent {

// All borrowed; they outlive the desk. `display` is shared by threads.
struct DeskPorts {
  RunStore& store;
  const WireCodec& codec;
  StepExecutor& executor;
  SealQuoter& quoter;
  SealTarget& target;
  StatusDisplay& display;
  const Clock& clock;
  ChangeSignal& signal;
  TokenClient* tokens = nullptr;                // null: whoever needs a token has it
  DiagnosticsCollector* diagnostics = nullptr;  // null: such orders fail
};

struct DeskSettings {
  std::string device_id;  // runs of other devices in the state folder are left alone
  std::string agent_version;
  std::string boot_id;
};

// The device should go down now.
struct RestartRequest {
  std::string item_id;  // that needs it; empty: the end of a phase, or a person
};

// A question that is open in the current run.
struct OpenPrompt {
  std::string item_id;
  PromptStep prompt;
};

enum class AnswerTaken {
  kTaken,
  kNotAsked,  // no such question is open (any more)
  kRefused,   // not one of the choices, or not of the pattern
};

// Device preparation as the screen shows it once the device is enrolled: three items, done.
std::vector<Item> PreparationItems();

// Carries out what the server orders, and continues the run that a crash left open. Runs and seals
// are done one order at a time on a thread of their own; what changes a run while it goes on
// (holds, waivers, answers, deadlines, restarts) is done at once on another, diagnostics on a
// third. Orders are idempotent by command id: how far a command came is in the run's recorded
// state, nowhere else; without any run on this disk an order is carried out but leaves no record.
// Needs no connection. Public methods are thread-safe.
class RunDesk {
 public:
  // Folds the stored runs and starts the worker. DataLoss if the store is damaged.
  static StatusOr<std::unique_ptr<RunDesk>> Open(DeskPorts ports, DeskSettings settings);
  // Stops a step in mid-flight (it is continued by the next desk) and joins the worker.
  ~RunDesk();

  // Never blocks. A repeat of an order that waits or is being done is dropped, so is any beyond
  // kOrderQueueMax: the server sends it again after the next Hello.
  void Submit(Order order);
  // What Hello says: the newest run, its next sequence, its open commands.
  Hello MakeHello() const;
  // Every run with events, oldest first. A log that is acked whole and superseded is dropped.
  std::vector<std::shared_ptr<RunLog>> Logs() const;
  void Acked(const RunId& run_id, uint64_t sequence);
  // The command of an armed seal once every event of its run is acked: time for the last word.
  std::optional<std::string> SealedCommand() const;
  // Set once the interruption of the run is durable here and acked by the server, or was not acked
  // within kRebootAckWithin. Whoever restarts the device asks; look again at every change.
  std::optional<RestartRequest> RestartWanted() const;
  // The device could not be restarted: what waits for it fails with REBOOT_REFUSED.
  void RestartRefused(std::string_view why);
  // Questions to the person in front of the device.
  std::vector<OpenPrompt> OpenPrompts() const;
  // Their answer; the first one counts, here or from the server.
  AnswerTaken AnswerPrompt(const std::string& item_id, const std::string& answer);
  // Not OK once an event could not be recorded: nothing more is done, the agent should end.
  Status failure() const;

 private:
  RunDesk(DeskPorts ports, DeskSettings settings);
  void StartLanes();
  void Fail(const Status& status);

  // The main lane: one run, one seal at a time (run_desk.cc, run_desk_runs.cc).
  bool EndsCurrentRun(const Order& order) const;
  Status ContinueOpenRun();
  Status Execute(const Order& order);
  Status ExecuteStart(const std::string& command_id, const StartRunOrder& order);
  Status ExecuteQuote(const std::string& command_id, const SealQuoteOrder& order);
  Status ExecuteSeal(const std::string& command_id, const SealOrder& order);
  Status ExecuteReset(const std::string& command_id);
  Status ExecuteContinue(const std::string& command_id, const ContinueAnywayOrder& order);
  Status OpenRun(const RunHeader& header);
  Status AbandonOpenRun(std::string_view why);
  Status RefuseOldRun(const std::string& command_id, const StartRunOrder& order);
  Status DropOldRuns();
  Status ContinueRun(bool ordered);
  Status CarryOutPlan();
  Status RefusePlan(const std::string& command_id, const Status& why);
  Status SealFor(const std::string& command_id, const SealOrder& order);
  Status RevertSteps();

  // The live lane: what changes a run while it goes on (run_desk_live.cc).
  Status ExecuteLive(const Order& order);
  Status Live(const std::string& command_id, const SetHoldOrder& order);
  Status Live(const std::string& command_id, const WaiveOrder& order);
  Status Live(const std::string& command_id, const AnswerPromptOrder& order);
  Status Live(const std::string& command_id, const ExtendDeadlineOrder& order);
  Status Live(const std::string& command_id, const RestartOrder& order);
  template <typename Other>
  Status Live(const std::string&, const Other&) {
    return OkStatus();  // goes to another lane
  }
  StatusOr<AnswerTaken> TakeAnswer(RunRecorder& run, const PromptAnswered& answered);
  Status FinishLive(RunRecorder& run, const std::string& command_id,
                    std::optional<ItemCode> refused);
  Status ExecuteDiagnostics(const std::string& command_id);

  bool IsDone(const std::string& command_id) const;
  Status Accept(const std::string& command_id);
  Status RecordCommand(const std::string& command_id, CommandState state,
                       std::optional<ItemCode> code = {}, std::string_view message = {});
  Status Record(const EventBody& body);
  RecorderPorts PortsOfRecorder();
  void ShowItems(const RunState& state);
  void ShowOutcome(const RunRecorder& run);
  // Null before the first run. Thread-safe, as what it gives.
  std::shared_ptr<RunRecorder> Current() const;

  DeskPorts ports_;
  DeskSettings settings_;

  mutable std::mutex mutex_;  // guards what follows; never held over I/O
  std::shared_ptr<RunRecorder> current_;
  std::stop_source run_stop_;  // ends the run that is being executed
  bool restart_without_run_ = false;
  Status failure_;

  std::stop_source stop_;  // ends the lanes
  OrderLane main_;
  OrderLane live_;
  OrderLane diagnostics_;
};

}  // namespace preseal::agent
