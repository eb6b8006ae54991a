// SPDX-License-Identifier: Apache-2.0
// What the server orders.
#include "agent/adapters/grpc/session_parts.h"
#include "agent/adapters/grpc/wire_values.h"
#include "common/base/limits.h"

namespace preseal::agent {
namespace {

namespace wire = device::v1;

using Action = decltype(Order::action);

StatusOr<Action> ActionFrom(const wire::StartRun& in) {
  ASSIGN_OR_RETURN(const RunId run_id, RunId::Parse(in.run_id()));
  return Action(StartRunOrder{run_id, in.attempt(), ToBytes(in.plan().SerializeAsString())});
}

StatusOr<Action> ActionFrom(const wire::TakeSealQuote& in) {
  SealQuoteOrder order;
  ASSIGN_OR_RETURN(order.run_id, RunId::Parse(in.run_id()));
  RETURN_IF_ERROR(ReadQuoteRequest(in.nonce(), in.pcrs(), &order.nonce, &order.pcrs));
  return Action(std::move(order));
}

StatusOr<Action> ActionFrom(const wire::Seal& in) {
  ASSIGN_OR_RETURN(const RunId run_id, RunId::Parse(in.run_id()));
  return Action(SealOrder{run_id, in.birth_certificate()});
}

StatusOr<Action> ActionFrom(const wire::SetHold& in) {
  ASSIGN_OR_RETURN(const RunId run_id, RunId::Parse(in.run_id()));
  RETURN_IF_ERROR(CheckLength("actor", in.actor(), kNameBytesMax));
  RETURN_IF_ERROR(CheckLength("reason", in.reason(), kReasonBytesMax));
  return Action(SetHoldOrder{run_id, in.held(), in.actor(), in.reason()});
}

StatusOr<Action> ActionFrom(const wire::Waive& in) {
  ASSIGN_OR_RETURN(const RunId run_id, RunId::Parse(in.run_id()));
  RETURN_IF_ERROR(ItemId::Check(in.item_id()));
  RETURN_IF_ERROR(CheckLength("actor", in.actor(), kNameBytesMax));
  RETURN_IF_ERROR(CheckLength("reason", in.reason(), kReasonBytesMax));
  return Action(WaiveOrder{run_id, in.item_id(), in.actor(), in.reason()});
}

StatusOr<Action> ActionFrom(const wire::AnswerPrompt& in) {
  ASSIGN_OR_RETURN(const RunId run_id, RunId::Parse(in.run_id()));
  RETURN_IF_ERROR(ItemId::Check(in.item_id()));
  RETURN_IF_ERROR(CheckLength("answer", in.answer(), kPromptAnswerBytesMax));
  RETURN_IF_ERROR(CheckLength("actor", in.actor(), kNameBytesMax));
  return Action(AnswerPromptOrder{run_id, in.item_id(), in.answer(), in.actor()});
}

StatusOr<Action> ActionFrom(const wire::ExtendDeadline& in) {
  ASSIGN_OR_RETURN(const RunId run_id, RunId::Parse(in.run_id()));
  if (!in.item_id().empty()) RETURN_IF_ERROR(ItemId::Check(in.item_id()));
  const auto by = ReadDuration(in.by());
  if (by.count() <= 0 || by > kStepTimeoutMax) {
    return InvalidArgument("by must be over 0 and at most 1440 minutes");
  }
  return Action(ExtendDeadlineOrder{run_id, in.item_id(), by});
}

StatusOr<Action> ActionFrom(const wire::ContinueAnyway& in) {
  ASSIGN_OR_RETURN(const RunId run_id, RunId::Parse(in.run_id()));
  RETURN_IF_ERROR(CheckLength("actor", in.actor(), kNameBytesMax));
  return Action(ContinueAnywayOrder{run_id, in.actor()});
}

StatusOr<Action> ActionOf(const wire::Command& in) {
  switch (in.action_case()) {
    case wire::Command::kStartRun:
      return ActionFrom(in.start_run());
    case wire::Command::kTakeSealQuote:
      return ActionFrom(in.take_seal_quote());
    case wire::Command::kSeal:
      return ActionFrom(in.seal());
    case wire::Command::kSetHold:
      return ActionFrom(in.set_hold());
    case wire::Command::kWaive:
      return ActionFrom(in.waive());
    case wire::Command::kAnswerPrompt:
      return ActionFrom(in.answer_prompt());
    case wire::Command::kCollectDiagnostics:
      return Action(CollectDiagnosticsOrder{});
    case wire::Command::kExtendDeadline:
      return ActionFrom(in.extend_deadline());
    case wire::Command::kReset:
      return Action(ResetOrder{});
    case wire::Command::kRestart:
      return Action(RestartOrder{});
    case wire::Command::kContinueAnyway:
      return ActionFrom(in.continue_anyway());
    case wire::Command::ACTION_NOT_SET:
      break;
  }
  return InvalidArgument("command with an action unknown to this agent");
}

}  // namespace

Status ReadQuoteRequest(const std::string& nonce,
                        const google::protobuf::RepeatedPtrField<wire::PcrMask>& pcrs,
                        Bytes* nonce_out, std::vector<PcrMask>* pcrs_out) {
  if (nonce.size() != kNonceBytes) return InvalidArgument("nonce must have 32 bytes");
  *nonce_out = ToBytes(nonce);
  for (const wire::PcrMask& pcr : pcrs) {
    if (pcr.hash_algorithm() > 0xFFFF) return InvalidArgument("hash algorithm out of range");
    pcrs_out->push_back({static_cast<uint16_t>(pcr.hash_algorithm()), ToBytes(pcr.mask())});
  }
  return OkStatus();
}

StatusOr<Order> ReadOrder(const wire::Command& in) {
  RETURN_IF_ERROR(CommandId::Check(in.command_id()));
  ASSIGN_OR_RETURN(Action action, ActionOf(in));
  return Order{in.command_id(), std::move(action)};
}

}  // namespace preseal::agent
