// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/grpc/run_codec.h"

#include <cstdlib>

#include "agent/adapters/grpc/wire_values.h"
#include "preseal/progress/v1/progress.pb.h"

namespace preseal::agent {
namespace {

namespace wire = progress::v1;

wire::ItemState ToWire(ItemState state) {
  switch (state) {
    case ItemState::kNotStarted:
      return wire::ITEM_STATE_NOT_STARTED;
    case ItemState::kIdentifying:
      return wire::ITEM_STATE_IDENTIFYING;
    case ItemState::kInProgress:
      return wire::ITEM_STATE_IN_PROGRESS;
    case ItemState::kVerifying:
      return wire::ITEM_STATE_VERIFYING;
    case ItemState::kSucceeded:
      return wire::ITEM_STATE_SUCCEEDED;
    case ItemState::kFailed:
      return wire::ITEM_STATE_FAILED;
    case ItemState::kNotRequired:
      return wire::ITEM_STATE_NOT_REQUIRED;
  }
  std::abort();
}

wire::Wait::Kind ToWire(Wait::Kind kind) {
  switch (kind) {
    case Wait::Kind::kToken:
      return wire::Wait::KIND_TOKEN;
    case Wait::Kind::kInstaller:
      return wire::Wait::KIND_INSTALLER;
    case Wait::Kind::kRetry:
      return wire::Wait::KIND_RETRY;
    case Wait::Kind::kPrompt:
      return wire::Wait::KIND_PROMPT;
    case Wait::Kind::kHold:
      return wire::Wait::KIND_HOLD;
    case Wait::Kind::kReboot:
      return wire::Wait::KIND_REBOOT;
    case Wait::Kind::kServer:
      return wire::Wait::KIND_SERVER;
    case Wait::Kind::kSpool:
      return wire::Wait::KIND_SPOOL;
  }
  std::abort();
}

void Put(const Wait& wait, wire::Wait* out) {
  out->set_kind(ToWire(wait.kind));
  out->set_owner(wait.owner);
  Set(wait.limit, out->mutable_limit());
  out->set_place(wait.place);
}

void Put(const EngineMemory& memory, wire::EngineMemory* out) {
  Set(memory.held, out->mutable_held());
  Set(memory.began, out->mutable_began());
  out->set_interruptions(memory.interruptions);
  out->set_extended_item_id(memory.extended_item_id);
  Set(memory.extended_by, out->mutable_extended_by());
}

void Put(const RunStarted& started, wire::Event& event) {
  auto* body = event.mutable_run_started();
  body->set_agent_version(started.agent_version);
  body->set_boot_id(started.boot_id);
}

void Put(const ItemChanged& change, wire::Event& event) {
  auto* body = event.mutable_item_changed();
  body->set_item_id(change.item_id);
  body->set_state(ToWire(change.state));
  body->set_percent(change.percent);
  body->set_code(change.code);
  body->set_message(change.message);
  body->set_already_done(change.already_done);
  if (change.exit_code) body->set_exit_code(*change.exit_code);
  body->set_attempt(change.attempt);
  body->set_done(change.done);
  body->set_total(change.total);
  if (change.wait) Put(*change.wait, body->mutable_wait());
  body->set_stalled(change.stalled);
  body->set_reboots(change.reboots);
}

void Put(const LogLine& line, wire::Event& event) {
  auto* body = event.mutable_log_line();
  body->set_item_id(line.item_id);
  body->set_text(line.text);
}

void Put(const RunFinished& finished, wire::Event& event) {
  const auto outcome = [&finished] {
    switch (finished.outcome) {
      case RunOutcome::kSucceeded:
        return wire::RUN_OUTCOME_SUCCEEDED;
      case RunOutcome::kFailed:
        return wire::RUN_OUTCOME_FAILED;
      case RunOutcome::kAbandoned:
        return wire::RUN_OUTCOME_ABANDONED;
    }
    std::abort();
  };
  auto* body = event.mutable_run_finished();
  body->set_outcome(outcome());
  body->set_timed_out(finished.timed_out);
  body->set_continued(finished.continued);
}

void Put(const CommandChanged& change, wire::Event& event) {
  const auto state = [&change] {
    switch (change.state) {
      case CommandState::kAccepted:
        return wire::CommandChanged::STATE_ACCEPTED;
      case CommandState::kDone:
        return wire::CommandChanged::STATE_DONE;
      case CommandState::kFailed:
        return wire::CommandChanged::STATE_FAILED;
    }
    std::abort();
  };
  auto* body = event.mutable_command_changed();
  body->set_command_id(change.command_id);
  body->set_state(state());
  body->set_code(change.code);
  body->set_message(change.message);
}

void Put(const SealQuoted& quoted, wire::Event& event) {
  auto* body = event.mutable_seal_quoted();
  body->set_command_id(quoted.command_id);
  body->set_attest(ToString(quoted.attest));
  body->set_signature(ToString(quoted.signature));
}

void Put(const SealArmed& armed, wire::Event& event) {
  auto* body = event.mutable_seal_armed();
  body->set_command_id(armed.command_id);
  body->set_birth_certificate_sha256(ToString(armed.birth_certificate_sha256));
}

void Put(const RunInterrupted& interrupted, wire::Event& event) {
  auto* body = event.mutable_run_interrupted();
  body->set_item_id(interrupted.item_id);
  body->set_boot_id(interrupted.boot_id);
  Set(interrupted.back_within, body->mutable_back_within());
}

void Put(const RunResumed& resumed, wire::Event& event) {
  auto* body = event.mutable_run_resumed();
  body->set_boot_id(resumed.boot_id);
  body->set_rebooted(resumed.rebooted);
  body->set_planned(resumed.planned);
  body->set_late(resumed.late);
}

void Put(const HoldChanged& change, wire::Event& event) {
  auto* body = event.mutable_hold_changed();
  body->set_held(change.held);
  body->set_actor(change.actor);
  body->set_reason(change.reason);
}

void Put(const ItemWaived& waived, wire::Event& event) {
  auto* body = event.mutable_item_waived();
  body->set_item_id(waived.item_id);
  body->set_actor(waived.actor);
  body->set_reason(waived.reason);
}

void Put(const PromptAnswered& answered, wire::Event& event) {
  auto* body = event.mutable_prompt_answered();
  body->set_item_id(answered.item_id);
  body->set_answer(answered.answer);
  body->set_actor(answered.actor);
}

}  // namespace

Bytes RunCodec::EncodeEvent(const Event& event) const {
  wire::Event out;
  const int64_t micros = ToMicros(event.device_time);
  out.mutable_device_time()->set_seconds(micros / 1'000'000);
  out.mutable_device_time()->set_nanos(static_cast<int32_t>(micros % 1'000'000) * 1000);
  if (event.run_time.count() != 0) Set(event.run_time, out.mutable_run_time());
  if (event.memory != EngineMemory{}) Put(event.memory, out.mutable_memory());
  std::visit([&out](const auto& body) { Put(body, out); }, event.body);
  return ToBytes(out.SerializeAsString());
}

}  // namespace preseal::agent
