// SPDX-License-Identifier: Apache-2.0
// The half of RunCodec that reads events.
#include <algorithm>

#include "agent/adapters/grpc/run_codec.h"
#include "agent/adapters/grpc/wire_values.h"
#include "preseal/progress/v1/progress.pb.h"

namespace preseal::agent {
namespace {

namespace wire = progress::v1;

StatusOr<ItemState> FromWire(wire::ItemState state) {
  switch (state) {
    case wire::ITEM_STATE_NOT_STARTED:
      return ItemState::kNotStarted;
    case wire::ITEM_STATE_IDENTIFYING:
      return ItemState::kIdentifying;
    case wire::ITEM_STATE_IN_PROGRESS:
      return ItemState::kInProgress;
    case wire::ITEM_STATE_VERIFYING:
      return ItemState::kVerifying;
    case wire::ITEM_STATE_SUCCEEDED:
      return ItemState::kSucceeded;
    case wire::ITEM_STATE_FAILED:
      return ItemState::kFailed;
    case wire::ITEM_STATE_NOT_REQUIRED:
      return ItemState::kNotRequired;
    default:
      return InvalidArgument("unknown item state");
  }
}

StatusOr<Wait::Kind> FromWire(wire::Wait::Kind kind) {
  switch (kind) {
    case wire::Wait::KIND_TOKEN:
      return Wait::Kind::kToken;
    case wire::Wait::KIND_INSTALLER:
      return Wait::Kind::kInstaller;
    case wire::Wait::KIND_RETRY:
      return Wait::Kind::kRetry;
    case wire::Wait::KIND_PROMPT:
      return Wait::Kind::kPrompt;
    case wire::Wait::KIND_HOLD:
      return Wait::Kind::kHold;
    case wire::Wait::KIND_REBOOT:
      return Wait::Kind::kReboot;
    case wire::Wait::KIND_SERVER:
      return Wait::Kind::kServer;
    case wire::Wait::KIND_SPOOL:
      return Wait::Kind::kSpool;
    default:
      return InvalidArgument("unknown kind of wait");
  }
}

StatusOr<RunOutcome> FromWire(wire::RunOutcome outcome) {
  switch (outcome) {
    case wire::RUN_OUTCOME_SUCCEEDED:
      return RunOutcome::kSucceeded;
    case wire::RUN_OUTCOME_FAILED:
      return RunOutcome::kFailed;
    case wire::RUN_OUTCOME_ABANDONED:
      return RunOutcome::kAbandoned;
    default:
      return InvalidArgument("unknown run outcome");
  }
}

StatusOr<Wait> Take(const wire::Wait& in) {
  Wait wait;
  ASSIGN_OR_RETURN(wait.kind, FromWire(in.kind()));
  wait.owner = in.owner();
  wait.limit = ReadDuration(in.limit());
  wait.place = in.place();
  return wait;
}

EngineMemory Take(const wire::EngineMemory& in) {
  return {ReadDuration(in.held()), ReadDuration(in.began()), in.interruptions(),
          in.extended_item_id(), ReadDuration(in.extended_by())};
}

StatusOr<EventBody> Take(const wire::ItemChanged& body) {
  ItemChanged change;
  change.item_id = body.item_id();
  ASSIGN_OR_RETURN(change.state, FromWire(body.state()));
  change.percent = body.percent();
  change.code = body.code();
  change.message = body.message();
  change.already_done = body.already_done();
  if (body.has_exit_code()) change.exit_code = body.exit_code();
  change.attempt = body.attempt();
  change.done = body.done();
  change.total = body.total();
  if (body.has_wait()) {
    ASSIGN_OR_RETURN(change.wait, Take(body.wait()));
  }
  change.stalled = body.stalled();
  change.reboots = body.reboots();
  return EventBody(std::move(change));
}

StatusOr<EventBody> Take(const wire::RunFinished& body) {
  ASSIGN_OR_RETURN(const RunOutcome outcome, FromWire(body.outcome()));
  return EventBody(RunFinished{outcome, body.timed_out(), body.continued()});
}

StatusOr<EventBody> Take(const wire::CommandChanged& body) {
  CommandChanged change{body.command_id(), CommandState::kAccepted, body.code(), body.message()};
  switch (body.state()) {
    case wire::CommandChanged::STATE_ACCEPTED:
      break;
    case wire::CommandChanged::STATE_DONE:
      change.state = CommandState::kDone;
      break;
    case wire::CommandChanged::STATE_FAILED:
      change.state = CommandState::kFailed;
      break;
    default:
      return InvalidArgument("unknown command state");
  }
  return EventBody(std::move(change));
}

StatusOr<EventBody> Take(const wire::SealArmed& body) {
  SealArmed armed{body.command_id(), {}};
  const std::string& digest = body.birth_certificate_sha256();
  if (digest.size() != armed.birth_certificate_sha256.size()) {
    return InvalidArgument("digest of the birth certificate has a wrong length");
  }
  std::copy(digest.begin(), digest.end(), armed.birth_certificate_sha256.begin());
  return EventBody(std::move(armed));
}

EventBody Take(const wire::RunInterrupted& body) {
  return RunInterrupted{body.item_id(), body.boot_id(), ReadDuration(body.back_within())};
}

EventBody Take(const wire::RunResumed& body) {
  return RunResumed{body.boot_id(), body.rebooted(), body.planned(), body.late()};
}

EventBody Take(const wire::HoldChanged& body) {
  return HoldChanged{body.held(), body.actor(), body.reason()};
}

EventBody Take(const wire::ItemWaived& body) {
  return ItemWaived{body.item_id(), body.actor(), body.reason()};
}

EventBody Take(const wire::PromptAnswered& body) {
  return PromptAnswered{body.item_id(), body.answer(), body.actor()};
}

StatusOr<EventBody> BodyOf(const wire::Event& event) {
  switch (event.body_case()) {
    case wire::Event::kRunStarted:
      return EventBody(
          RunStarted{event.run_started().agent_version(), event.run_started().boot_id()});
    case wire::Event::kItemChanged:
      return Take(event.item_changed());
    case wire::Event::kLogLine:
      return EventBody(LogLine{event.log_line().item_id(), event.log_line().text()});
    case wire::Event::kRunFinished:
      return Take(event.run_finished());
    case wire::Event::kCommandChanged:
      return Take(event.command_changed());
    case wire::Event::kSealQuoted:
      return EventBody(SealQuoted{event.seal_quoted().command_id(),
                                  ToBytes(event.seal_quoted().attest()),
                                  ToBytes(event.seal_quoted().signature())});
    case wire::Event::kSealArmed:
      return Take(event.seal_armed());
    case wire::Event::kRunInterrupted:
      return Take(event.run_interrupted());
    case wire::Event::kRunResumed:
      return Take(event.run_resumed());
    case wire::Event::kHoldChanged:
      return Take(event.hold_changed());
    case wire::Event::kItemWaived:
      return Take(event.item_waived());
    case wire::Event::kPromptAnswered:
      return Take(event.prompt_answered());
    case wire::Event::BODY_NOT_SET:
      break;
  }
  return InvalidArgument("event without a known body");
}

}  // namespace

StatusOr<Event> RunCodec::DecodeEvent(ByteView bytes) const {
  wire::Event in;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return InvalidArgument("event does not parse");
  }
  Event event;
  event.device_time =
      FromMicros(in.device_time().seconds() * 1'000'000 + in.device_time().nanos() / 1000);
  event.run_time = ReadDuration(in.run_time());
  event.memory = Take(in.memory());
  ASSIGN_OR_RETURN(event.body, BodyOf(in));
  return event;
}

}  // namespace preseal::agent
