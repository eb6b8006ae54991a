// SPDX-License-Identifier: Apache-2.0
#include "agent/service/run_recorder.h"

#include <utility>

#include "common/base/limits.h"
#include "common/log/log.h"

namespace preseal::agent {
namespace {

// A percentage is superseded in a moment; everything else the state depends on must survive.
Durability DurabilityOf(const EventBody& body, uint32_t attempt, const RunState& state) {
  if (std::holds_alternative<LogLine>(body)) return Durability::kSurvivesKill;
  if (const auto* change = std::get_if<ItemChanged>(&body)) {
    const RunState::Entry* entry = state.Find(change->item_id);
    if (entry && entry->item.state == change->state && entry->attempt == attempt) {
      return Durability::kSurvivesKill;
    }
  }
  return Durability::kSurvivesPowerCut;
}

}  // namespace

RunRecorder::RunRecorder(std::shared_ptr<RunLog> log, RecorderPorts ports, RunState state)
    : log_(std::move(log)), ports_(std::move(ports)), state_(std::move(state)) {}

StatusOr<std::unique_ptr<RunRecorder>> RunRecorder::Open(std::shared_ptr<RunLog> log,
                                                         const Plan& plan, RecorderPorts ports) {
  RunState state(plan);
  for (const LoggedEvent& logged : log->Latest()) {
    const auto event = ports.codec.DecodeEvent(logged.event);
    if (!event.ok()) {
      return DataLoss("event " + std::to_string(logged.sequence) + " of " +
                      log->header().run_id.text() + ": " + MessageOf(event.status()));
    }
    state.Apply(event->body, logged.note);
  }
  return std::unique_ptr<RunRecorder>(
      new RunRecorder(std::move(log), std::move(ports), std::move(state)));
}

Status RunRecorder::Record(const EventBody& body, uint32_t attempt, std::stop_token stop) {
  const Durability durability = DurabilityOf(body, attempt, *state_.Lock());
  RETURN_IF_ERROR(AppendOrHold(body, attempt, durability, stop));
  state_.Lock()->Apply(body, attempt);
  ports_.signal.Notify();
  if (ports_.on_change && !std::holds_alternative<LogLine>(body)) ports_.on_change(State());
  return OkStatus();
}

Status RunRecorder::AppendOrHold(const EventBody& body, uint32_t attempt, Durability durability,
                                 std::stop_token stop) {
  const Bytes event = ports_.codec.EncodeEvent({ports_.clock.Now(), body});
  bool holding = false;
  while (true) {
    const uint64_t seen = ports_.signal.version();
    const auto sequence = log_->Append(KeyOf(body), attempt, event, durability);
    const bool full = sequence.status().code() == StatusCode::kResourceExhausted;
    if (full != holding) {
      holding = full;
      if (ports_.on_hold) ports_.on_hold(holding);
    }
    if (!full) return sequence.status();
    if (stop.stop_requested()) return Cancelled("stopped while the spool was full");
    // An ack notifies; the limit is for room that somebody else makes on the disk.
    ports_.signal.WaitBeyond(seen, std::chrono::steady_clock::now() + kSpoolFullRetry, stop);
  }
}

}  // namespace preseal::agent
