// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "agent/service/change_signal.h"
#include "agent/service/diagnostics_collector.h"
#include "agent/service/run_recorder.h"
#include "agent/service/runner.h"
#include "agent/service/seal_ports.h"
#include "agent/service/session_channel.h"
#include "agent/service/token_client.h"

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

// Carries out what the server orders, one order at a time on a thread of its own, and continues the
// run that a crash left open. Orders are idempotent by command id: how far a command came is in the
// run's recorded state, nowhere else. Needs no connection. Public methods are thread-safe.
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
  void Work();
  Status ContinueOpenRun();
  Status Execute(const Order& order);
  Status ExecuteAction(const std::string& command_id, const StartRunOrder& order);
  Status ExecuteAction(const std::string& command_id, const SealQuoteOrder& order);
  Status ExecuteAction(const std::string& command_id, const SealOrder& order);
  Status OpenRun(const RunHeader& header);
  Status AbandonOpenRun(const RunId& next);
  Status RefuseOldRun(const std::string& command_id, const StartRunOrder& order);
  Order NextOrderLocked();
  Status DropOldRuns();
  Status ContinueRun(bool ordered);
  Status RefusePlan(const std::string& command_id, const Status& why);
  Status SealFor(const std::string& command_id, const SealOrder& order);
  Status Accept(const std::string& command_id);
  Status RecordCommand(const std::string& command_id, CommandState state,
                       std::optional<ItemCode> code = {}, std::string_view message = {});
  Status Record(const EventBody& body);
  RecorderPorts PortsOfRecorder();
  void ShowItems(const RunState& state);
  void ShowOutcome(const RunState& state);
  std::shared_ptr<RunRecorder> Current() const;

  DeskPorts ports_;
  DeskSettings settings_;

  mutable std::mutex mutex_;  // guards what follows; never held over I/O
  std::condition_variable_any wake_;
  std::deque<Order> queue_;
  std::set<std::string> pending_;  // keys of orders that wait or are being done
  std::shared_ptr<RunRecorder> current_;
  std::stop_source run_stop_;  // ends the run that is being executed
  Status failure_;

  // The worker's own.
  Plan plan_;
  std::chrono::steady_clock::time_point run_began_;

  std::stop_source stop_;  // ends the worker
  std::thread worker_;
};

}  // namespace preseal::agent
