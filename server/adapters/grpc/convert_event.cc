// SPDX-License-Identifier: Apache-2.0
// Events come from devices, which may be hostile: every field is bounded and every enum known
// before anything is stored.
#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <chrono>

#include "common/base/limits.h"
#include "server/adapters/grpc/convert.h"

namespace preseal::server {
namespace {

namespace pv1 = progress::v1;
constexpr size_t kSha256Bytes = 32;
constexpr uint64_t kUnitsMax = INT64_MAX;  // what a database holds

Status CheckText(const std::string& text, std::string_view field, size_t bytes_max) {
  if (text.size() <= bytes_max) return OkStatus();
  return InvalidArgument(fmt::format("event field {} is longer than {} bytes", field, bytes_max));
}

StatusOr<ItemState> ToDomain(pv1::ItemState state) {
  const int value = static_cast<int>(state);
  if (value >= static_cast<int>(ItemState::kNotStarted) &&
      value <= static_cast<int>(ItemState::kNotRequired)) {
    return static_cast<ItemState>(value);
  }
  return InvalidArgument(fmt::format("unknown item state {}", value));
}

// Bounded so that arithmetic with it cannot overflow.
StatusOr<std::chrono::milliseconds> ToDomain(const google::protobuf::Duration& in,
                                             std::string_view field) {
  constexpr int64_t kSecondsMax = 10LL * 366 * 24 * 3600;
  constexpr int32_t kNanosMax = 999'999'999;
  if (in.seconds() < 0 || in.seconds() > kSecondsMax || in.nanos() < 0 || in.nanos() > kNanosMax) {
    return InvalidArgument(fmt::format("event field {} is out of range", field));
  }
  return std::chrono::seconds(in.seconds()) + std::chrono::duration_cast<std::chrono::milliseconds>(
                                                  std::chrono::nanoseconds(in.nanos()));
}

// KIND_DEVICE is the server's own word.
StatusOr<Wait> ToDomain(const pv1::Wait& in) {
  const int kind = static_cast<int>(in.kind());
  if (kind < static_cast<int>(Wait::Kind::kToken) || kind > static_cast<int>(Wait::Kind::kSpool)) {
    return InvalidArgument(fmt::format("unknown kind of wait {}", kind));
  }
  RETURN_IF_ERROR(CheckText(in.owner(), "wait.owner", kNameBytesMax));
  Wait out{.kind = static_cast<Wait::Kind>(kind), .owner = in.owner(), .place = in.place()};
  ASSIGN_OR_RETURN(out.limit, ToDomain(in.limit(), "wait.limit"));
  return out;
}

StatusOr<ItemChanged> ToDomain(const pv1::ItemChanged& in) {
  ItemChanged out;
  ASSIGN_OR_RETURN(out.item_id, ItemId::Parse(in.item_id()));
  ASSIGN_OR_RETURN(out.state, ToDomain(in.state()));
  RETURN_IF_ERROR(CheckText(in.code(), "code", kItemIdBytesMax));
  RETURN_IF_ERROR(CheckText(in.message(), "message", kEventTextBytesMax));
  if (in.percent() > 100) return InvalidArgument("event field percent is over 100");
  out.percent = in.percent();
  out.code = in.code();
  out.message = in.message();
  out.already_done = in.already_done();
  if (in.has_exit_code()) out.exit_code = in.exit_code();
  out.attempt = in.attempt();
  out.done = std::min(in.done(), kUnitsMax);
  out.total = std::min(in.total(), kUnitsMax);
  if (in.has_wait()) {
    ASSIGN_OR_RETURN(out.wait, ToDomain(in.wait()));
  }
  out.stalled = in.stalled();
  return out;
}

StatusOr<CommandChanged> ToDomain(const pv1::CommandChanged& in) {
  CommandChanged out;
  ASSIGN_OR_RETURN(out.command_id, CommandId::Parse(in.command_id()));
  RETURN_IF_ERROR(CheckText(in.code(), "code", kItemIdBytesMax));
  RETURN_IF_ERROR(CheckText(in.message(), "message", kEventTextBytesMax));
  out.code = in.code();
  out.message = in.message();
  switch (in.state()) {
    case pv1::CommandChanged::STATE_ACCEPTED:
      out.state = CommandChanged::State::kAccepted;
      return out;
    case pv1::CommandChanged::STATE_DONE:
      out.state = CommandChanged::State::kDone;
      return out;
    case pv1::CommandChanged::STATE_FAILED:
      out.state = CommandChanged::State::kFailed;
      return out;
    default:
      return InvalidArgument("unknown command state");
  }
}

StatusOr<SealQuoted> ToDomain(const pv1::SealQuoted& in) {
  SealQuoted out;
  ASSIGN_OR_RETURN(out.command_id, CommandId::Parse(in.command_id()));
  RETURN_IF_ERROR(CheckText(in.attest(), "attest", kTpmStructureBytesMax));
  RETURN_IF_ERROR(CheckText(in.signature(), "signature", kTpmStructureBytesMax));
  out.attest = ToBytes(in.attest());
  out.signature = ToBytes(in.signature());
  return out;
}

StatusOr<SealArmed> ToDomain(const pv1::SealArmed& in) {
  SealArmed out;
  ASSIGN_OR_RETURN(out.command_id, CommandId::Parse(in.command_id()));
  if (in.birth_certificate_sha256().size() != kSha256Bytes) {
    return InvalidArgument("event field birth_certificate_sha256 must have 32 bytes");
  }
  out.birth_certificate_sha256 = ToBytes(in.birth_certificate_sha256());
  return out;
}

StatusOr<RunFinished> ToDomain(const pv1::RunFinished& in) {
  switch (in.outcome()) {
    case pv1::RUN_OUTCOME_SUCCEEDED:
      return RunFinished{RunOutcome::kSucceeded, in.timed_out(), in.continued()};
    case pv1::RUN_OUTCOME_FAILED:
      return RunFinished{RunOutcome::kFailed, in.timed_out(), in.continued()};
    case pv1::RUN_OUTCOME_ABANDONED:
      return RunFinished{RunOutcome::kAbandoned, in.timed_out(), in.continued()};
    default:
      return InvalidArgument("unknown run outcome");
  }
}

StatusOr<RunInterrupted> ToDomain(const pv1::RunInterrupted& in) {
  RETURN_IF_ERROR(CheckText(in.item_id(), "item_id", kItemIdBytesMax));
  RETURN_IF_ERROR(CheckText(in.boot_id(), "boot_id", kNameBytesMax));
  RunInterrupted out{.item_id = in.item_id(), .boot_id = in.boot_id()};
  ASSIGN_OR_RETURN(out.back_within, ToDomain(in.back_within(), "back_within"));
  return out;
}

StatusOr<RunResumed> ToDomain(const pv1::RunResumed& in) {
  RETURN_IF_ERROR(CheckText(in.boot_id(), "boot_id", kNameBytesMax));
  return RunResumed{in.boot_id(), in.rebooted(), in.planned(), in.late()};
}

StatusOr<HoldChanged> ToDomain(const pv1::HoldChanged& in) {
  RETURN_IF_ERROR(CheckText(in.actor(), "actor", kNameBytesMax));
  RETURN_IF_ERROR(CheckText(in.reason(), "reason", kReasonBytesMax));
  return HoldChanged{in.held(), in.actor(), in.reason()};
}

StatusOr<ItemWaived> ToDomain(const pv1::ItemWaived& in) {
  ItemWaived out{.actor = in.actor(), .reason = in.reason()};
  ASSIGN_OR_RETURN(out.item_id, ItemId::Parse(in.item_id()));
  RETURN_IF_ERROR(CheckText(in.actor(), "actor", kNameBytesMax));
  RETURN_IF_ERROR(CheckText(in.reason(), "reason", kReasonBytesMax));
  return out;
}

StatusOr<PromptAnswered> ToDomain(const pv1::PromptAnswered& in) {
  PromptAnswered out{.answer = in.answer(), .actor = in.actor()};
  ASSIGN_OR_RETURN(out.item_id, ItemId::Parse(in.item_id()));
  RETURN_IF_ERROR(CheckText(in.answer(), "answer", kPromptAnswerBytesMax));
  RETURN_IF_ERROR(CheckText(in.actor(), "actor", kNameBytesMax));
  return out;
}

// The events of a run's own life, which no item or command is about.
Status SetRunBody(const pv1::Event& in, Event* out) {
  switch (in.body_case()) {
    case pv1::Event::kRunInterrupted: {
      ASSIGN_OR_RETURN(out->body, ToDomain(in.run_interrupted()));
      return OkStatus();
    }
    case pv1::Event::kRunResumed: {
      ASSIGN_OR_RETURN(out->body, ToDomain(in.run_resumed()));
      return OkStatus();
    }
    case pv1::Event::kHoldChanged: {
      ASSIGN_OR_RETURN(out->body, ToDomain(in.hold_changed()));
      return OkStatus();
    }
    case pv1::Event::kItemWaived: {
      ASSIGN_OR_RETURN(out->body, ToDomain(in.item_waived()));
      return OkStatus();
    }
    case pv1::Event::kPromptAnswered: {
      ASSIGN_OR_RETURN(out->body, ToDomain(in.prompt_answered()));
      return OkStatus();
    }
    default:
      return InvalidArgument("event without a body this server knows");
  }
}

Status SetBody(const pv1::Event& in, Event* out) {
  switch (in.body_case()) {
    case pv1::Event::kRunStarted:
      RETURN_IF_ERROR(CheckText(in.run_started().agent_version(), "agent_version", kNameBytesMax));
      RETURN_IF_ERROR(CheckText(in.run_started().boot_id(), "boot_id", kNameBytesMax));
      out->body = RunStarted{in.run_started().agent_version(), in.run_started().boot_id()};
      return OkStatus();
    case pv1::Event::kItemChanged: {
      ASSIGN_OR_RETURN(out->body, ToDomain(in.item_changed()));
      return OkStatus();
    }
    case pv1::Event::kLogLine:
      RETURN_IF_ERROR(CheckText(in.log_line().item_id(), "item_id", kItemIdBytesMax));
      RETURN_IF_ERROR(CheckText(in.log_line().text(), "text", kEventTextBytesMax));
      out->body = LogLine{in.log_line().item_id(), in.log_line().text()};
      return OkStatus();
    case pv1::Event::kRunFinished: {
      ASSIGN_OR_RETURN(out->body, ToDomain(in.run_finished()));
      return OkStatus();
    }
    case pv1::Event::kCommandChanged: {
      ASSIGN_OR_RETURN(out->body, ToDomain(in.command_changed()));
      return OkStatus();
    }
    case pv1::Event::kSealQuoted: {
      ASSIGN_OR_RETURN(out->body, ToDomain(in.seal_quoted()));
      return OkStatus();
    }
    case pv1::Event::kSealArmed: {
      ASSIGN_OR_RETURN(out->body, ToDomain(in.seal_armed()));
      return OkStatus();
    }
    default:
      return SetRunBody(in, out);
  }
}

// Map order and unknown fields aside, protobuf's deterministic form is stable for one binary, and
// these messages have no maps; it is what a repeat is compared by.
std::string Canonical(const pv1::Event& event) {
  std::string bytes;
  google::protobuf::io::StringOutputStream raw(&bytes);
  google::protobuf::io::CodedOutputStream coded(&raw);
  coded.SetSerializationDeterministic(true);
  event.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

}  // namespace

StatusOr<Event> ToDomain(const pv1::Event& in) {
  Event out;
  if (in.sequence() == 0 || in.sequence() > kEventsPerRunMax) {
    return InvalidArgument(fmt::format("event sequence {} is out of range", in.sequence()));
  }
  out.sequence = in.sequence();
  out.content = ToBytes(Canonical(in));
  if (out.content.size() > kEventBytesMax) {
    return InvalidArgument(
        fmt::format("event {} is longer than {} bytes", in.sequence(), kEventBytesMax));
  }
  ASSIGN_OR_RETURN(out.run_time, ToDomain(in.run_time(), "run_time"));
  RETURN_IF_ERROR(SetBody(in, &out));
  return out;
}

}  // namespace preseal::server
