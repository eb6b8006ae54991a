// SPDX-License-Identifier: Apache-2.0
// Events come from devices, which may be hostile: every field is bounded and every enum known
// before anything is stored.
#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "common/base/limits.h"
#include "server/adapters/grpc/convert.h"

namespace preseal::server {
namespace {

namespace pv1 = progress::v1;
constexpr size_t kSha256Bytes = 32;

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
      return RunFinished{RunOutcome::kSucceeded};
    case pv1::RUN_OUTCOME_FAILED:
      return RunFinished{RunOutcome::kFailed};
    case pv1::RUN_OUTCOME_ABANDONED:
      return RunFinished{RunOutcome::kAbandoned};
    default:
      return InvalidArgument("unknown run outcome");
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
    case pv1::Event::BODY_NOT_SET:
      break;
  }
  return InvalidArgument("event without a body this server knows");
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
  RETURN_IF_ERROR(SetBody(in, &out));
  return out;
}

}  // namespace preseal::server
