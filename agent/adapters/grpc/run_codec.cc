// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/grpc/run_codec.h"

#include <algorithm>
#include <cstdlib>

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
  event.mutable_run_finished()->set_outcome(outcome());
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

StatusOr<EventBody> Take(const wire::ItemChanged& body) {
  ItemChanged change;
  change.item_id = body.item_id();
  ASSIGN_OR_RETURN(change.state, FromWire(body.state()));
  change.percent = body.percent();
  change.code = body.code();
  change.message = body.message();
  change.already_done = body.already_done();
  if (body.has_exit_code()) change.exit_code = body.exit_code();
  return EventBody(std::move(change));
}

StatusOr<EventBody> Take(const wire::RunFinished& body) {
  switch (body.outcome()) {
    case wire::RUN_OUTCOME_SUCCEEDED:
      return EventBody(RunFinished{RunOutcome::kSucceeded});
    case wire::RUN_OUTCOME_FAILED:
      return EventBody(RunFinished{RunOutcome::kFailed});
    case wire::RUN_OUTCOME_ABANDONED:
      return EventBody(RunFinished{RunOutcome::kAbandoned});
    default:
      return InvalidArgument("unknown run outcome");
  }
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
    case wire::Event::BODY_NOT_SET:
      break;
  }
  return InvalidArgument("event without a known body");
}

}  // namespace

Bytes RunCodec::EncodeEvent(const Event& event) const {
  wire::Event out;
  const int64_t micros = ToMicros(event.device_time);
  out.mutable_device_time()->set_seconds(micros / 1'000'000);
  out.mutable_device_time()->set_nanos(static_cast<int32_t>(micros % 1'000'000) * 1000);
  std::visit([&out](const auto& body) { Put(body, out); }, event.body);
  return ToBytes(out.SerializeAsString());
}

StatusOr<Event> RunCodec::DecodeEvent(ByteView bytes) const {
  wire::Event in;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return InvalidArgument("event does not parse");
  }
  Event event;
  event.device_time =
      FromMicros(in.device_time().seconds() * 1'000'000 + in.device_time().nanos() / 1000);
  ASSIGN_OR_RETURN(event.body, BodyOf(in));
  return event;
}

}  // namespace preseal::agent
