// SPDX-License-Identifier: Apache-2.0
#include "agent/service/run/run_recorder.h"

#include <utility>

#include "common/base/limits.h"
#include "common/log/log.h"

namespace preseal::agent {
namespace {

// A percentage is superseded in a moment; everything else the state depends on must survive.
Durability DurabilityOf(const EventBody& body, const RunState& state) {
  if (std::holds_alternative<LogLine>(body)) return Durability::kSurvivesKill;
  const auto* change = std::get_if<ItemChanged>(&body);
  const RunState::Entry* entry = change ? state.Find(change->item_id) : nullptr;
  if (entry != nullptr && entry->item.state == change->state &&
      entry->item.attempt == change->attempt && entry->item.wait == change->wait &&
      entry->item.reboots == change->reboots) {
    return Durability::kSurvivesKill;
  }
  return Durability::kSurvivesPowerCut;
}

RunClock::Gap GapSince(const RunState& state, const Clock& clock) {
  const auto window = state.interruption() ? state.interruption()->body.back_within
                                           : std::chrono::milliseconds(kRebootWithinDefault);
  return RunClock::GapOf(state.last_device_time(), clock.Now(), window);
}

}  // namespace

RunRecorder::RunRecorder(std::shared_ptr<RunLog> log, Plan plan, RecorderPorts ports,
                         RunState state)
    : log_(std::move(log)),
      plan_(std::move(plan)),
      ports_(std::move(ports)),
      run_clock_(ports_.clock.Steady()),
      state_(std::move(state)) {
  auto folded = state_.Lock();
  if (!folded->started()) return;
  const RunClock::Gap gap = GapSince(*folded, ports_.clock);
  late_ = gap.late && folded->interruption().has_value();
  run_clock_ = RunClock::Continue(folded->last_run_time(), gap, ports_.clock.Steady());
}

StatusOr<std::unique_ptr<RunRecorder>> RunRecorder::Open(std::shared_ptr<RunLog> log, Plan plan,
                                                         RecorderPorts ports) {
  RunState state(plan);
  for (const LoggedEvent& logged : log->Latest()) {
    const auto event = ports.codec.DecodeEvent(logged.event);
    if (!event.ok()) {
      return DataLoss("event " + std::to_string(logged.sequence) + " of " +
                      log->header().run_id.text() + ": " + MessageOf(event.status()));
    }
    state.Apply(*event);
  }
  return std::unique_ptr<RunRecorder>(
      new RunRecorder(std::move(log), std::move(plan), std::move(ports), std::move(state)));
}

Status RunRecorder::Record(const Fact& fact, std::stop_token stop) {
  const std::lock_guard turn(turn_);
  return RecordInTurn(fact, std::move(stop));
}

StatusOr<bool> RunRecorder::RecordIf(const Decide& decide, std::stop_token stop) {
  const std::lock_guard turn(turn_);
  const std::optional<Fact> fact = decide(State());
  if (!fact) return false;
  RETURN_IF_ERROR(RecordInTurn(*fact, std::move(stop)));
  return true;
}

Status RunRecorder::RecordInTurn(const Fact& fact, std::stop_token stop) {
  Event event{.device_time = ports_.clock.Now(), .body = fact.body, .memory = fact.memory};
  Durability durability = Durability::kSurvivesPowerCut;
  {
    auto state = state_.Lock();
    // Nobody else records, so the clock cannot have been read later for an earlier event.
    event.run_time = Now();
    event.memory.held = state->HeldBy(event.run_time);
    durability = DurabilityOf(event.body, *state);
  }
  ASSIGN_OR_RETURN(const uint64_t sequence, AppendOrHold(event, durability, std::move(stop)));
  if (std::holds_alternative<RunInterrupted>(event.body)) {
    *interrupted_.Lock() = Interrupted{sequence, ports_.clock.Steady()};
  }
  state_.Lock()->Apply(event);
  ports_.signal.Notify();
  if (ports_.on_change && !std::holds_alternative<LogLine>(event.body)) ports_.on_change(State());
  return OkStatus();
}

StatusOr<uint64_t> RunRecorder::AppendOrHold(const Event& event, Durability durability,
                                             std::stop_token stop) {
  const Bytes encoded = ports_.codec.EncodeEvent(event);
  bool holding = false;
  while (true) {
    const uint64_t seen = ports_.signal.version();
    auto sequence = log_->Append(KeyOf(event.body), 0, encoded, durability);
    const bool full = sequence.status().code() == StatusCode::kResourceExhausted;
    if (full != holding) {
      holding = full;
      if (ports_.on_hold) ports_.on_hold(holding);
    }
    if (!full) return sequence;
    if (stop.stop_requested()) return Cancelled("stopped while the spool was full");
    // An ack notifies; the limit is for room that somebody else makes on the disk.
    ports_.signal.WaitBeyond(seen, std::chrono::steady_clock::now() + kSpoolFullRetry, stop);
  }
}

}  // namespace preseal::agent
