// SPDX-License-Identifier: Apache-2.0
#include "agent/adapters/grpc/session_wire.h"

#include <cstdlib>

#include "agent/adapters/grpc/session_parts.h"
#include "agent/adapters/grpc/wire_values.h"
#include "common/base/limits.h"
#include "common/log/log.h"

namespace preseal::agent {
namespace {

namespace wire = device::v1;

void Put(const Hello& hello, wire::AgentMessage& message) {
  auto* out = message.mutable_hello();
  out->set_agent_version(hello.agent_version);
  out->set_boot_id(hello.boot_id);
  out->set_run_id(hello.run_id);
  out->set_next_sequence(hello.next_sequence);
  for (const std::string& id : hello.open_command_ids) out->add_open_command_ids(id);
  out->set_flow(hello.flow == Flow::kUser ? progress::v1::FLOW_USER
                                          : progress::v1::FLOW_TECHNICIAN);
}

void Put(const EventBatch& batch, wire::AgentMessage& message) {
  auto* out = message.mutable_events();
  out->set_run_id(batch.run_id.text());
  for (const LoggedEvent& logged : batch.events) {
    auto* event = out->add_events();
    // The spool's checksum has vouched for these bytes, and they were made by EncodeEvent.
    if (!event->ParseFromArray(logged.event.data(), static_cast<int>(logged.event.size()))) {
      log::Error("spooled event does not parse", {{"sequence", logged.sequence}});
    }
    event->set_sequence(logged.sequence);
  }
}

void Put(const Heartbeat&, wire::AgentMessage& message) { message.mutable_heartbeat(); }

void Put(const Goodbye& goodbye, wire::AgentMessage& message) {
  message.mutable_goodbye()->set_command_id(goodbye.command_id);
}

void Put(const KeyAttestation& attested, wire::AgentMessage& message) {
  auto* out = message.mutable_renewal();
  out->set_ak_public(ToString(attested.ak_public));
  out->set_device_key_public(ToString(attested.device_key_public));
  out->set_certify_attest(ToString(attested.certify.attest));
  out->set_certify_signature(ToString(attested.certify.signature));
  out->set_quote_attest(ToString(attested.quote.attest));
  out->set_quote_signature(ToString(attested.quote.signature));
}

void Put(const TokenRequest& request, wire::AgentMessage& message) {
  auto* out = message.mutable_token_request();
  out->set_token(request.token);
  out->set_item_id(request.item_id);
}

void Put(const TokenRelease& release, wire::AgentMessage& message) {
  auto* out = message.mutable_token_release();
  out->set_token(release.token);
  out->set_item_id(release.item_id);
}

wire::ActionRequest::Action ToWire(DeviceAction action) {
  switch (action) {
    case DeviceAction::kRefresh:
      return wire::ActionRequest::ACTION_REFRESH;
    case DeviceAction::kProvision:
      return wire::ActionRequest::ACTION_PROVISION;
    case DeviceAction::kRetry:
      return wire::ActionRequest::ACTION_RETRY;
    case DeviceAction::kReset:
      return wire::ActionRequest::ACTION_RESET;
    case DeviceAction::kDiagnostics:
      return wire::ActionRequest::ACTION_DIAGNOSTICS;
    case DeviceAction::kContinue:
      return wire::ActionRequest::ACTION_CONTINUE;
  }
  std::abort();
}

void Put(const ActionRequest& request, wire::AgentMessage& message) {
  auto* out = message.mutable_action();
  out->set_request_id(request.request_id);
  out->set_action(ToWire(request.action));
}

void PutMethod(const OneTimeCode& code, wire::SignInRequest* out) {
  out->mutable_code()->set_username(code.username);
  out->mutable_code()->set_code(code.code);
}

void PutMethod(const StartDeviceAuthorization&, wire::SignInRequest* out) {
  out->mutable_start_device_authorization();
}

void PutMethod(const FirstBootStart&, wire::SignInRequest* out) { out->mutable_first_boot(); }

void Put(const SignInRequest& request, wire::AgentMessage& message) {
  auto* out = message.mutable_sign_in();
  out->set_request_id(request.request_id);
  std::visit([out](const auto& method) { PutMethod(method, out); }, request.method);
  auto* answers = out->mutable_answers();
  answers->set_language(request.answers.language);
  answers->set_keyboard(request.answers.keyboard);
  answers->set_licence_accepted(request.answers.licence_accepted);
}

StatusOr<DownMessage> FromWire(const wire::Welcome& in) {
  Welcome welcome;
  welcome.heartbeat_interval = ReadDuration(in.heartbeat_interval());
  welcome.acked_sequence = in.acked_sequence();
  ASSIGN_OR_RETURN_CTX(welcome.landing, ReadLanding(in.landing()), "landing");
  return DownMessage(std::move(welcome));
}

StatusOr<DownMessage> FromWire(const wire::TokenState& in) {
  RETURN_IF_ERROR(CheckLength("token", in.token(), kTokenNameBytesMax));
  RETURN_IF_ERROR(ItemId::Check(in.item_id()));
  return DownMessage(TokenState{in.token(), in.item_id(), in.granted(), in.place(),
                                ReadDuration(in.estimate()), ReadDuration(in.lease())});
}

StatusOr<DownMessage> FromWire(const wire::ActionResult& in) {
  RETURN_IF_ERROR(CheckLength("request_id", in.request_id(), kRequestIdBytesMax));
  RETURN_IF_ERROR(CheckLength("message", in.message(), kEventTextBytesMax));
  return DownMessage(ActionResult{in.request_id(), in.accepted(), in.message()});
}

StatusOr<SignInState::State> FromWire(wire::SignInState::State state) {
  switch (state) {
    case wire::SignInState::STATE_PENDING:
      return SignInState::State::kPending;
    case wire::SignInState::STATE_SIGNED_IN:
      return SignInState::State::kSignedIn;
    case wire::SignInState::STATE_REFUSED:
      return SignInState::State::kRefused;
    default:
      return InvalidArgument("state of a sign-in unknown");
  }
}

StatusOr<DownMessage> FromWire(const wire::SignInState& in) {
  RETURN_IF_ERROR(CheckLength("request_id", in.request_id(), kRequestIdBytesMax));
  RETURN_IF_ERROR(CheckLength("user_code", in.user_code(), kUserCodeBytesMax));
  RETURN_IF_ERROR(CheckLength("verification_uri", in.verification_uri(), kUrlBytesMax));
  RETURN_IF_ERROR(
      CheckLength("verification_uri_complete", in.verification_uri_complete(), kUrlBytesMax));
  RETURN_IF_ERROR(CheckLength("username", in.username(), kNameBytesMax));
  RETURN_IF_ERROR(CheckLength("message", in.message(), kEventTextBytesMax));
  SignInState out;
  out.request_id = in.request_id();
  ASSIGN_OR_RETURN(out.state, FromWire(in.state()));
  out.user_code = in.user_code();
  out.verification_uri = in.verification_uri();
  out.verification_uri_complete = in.verification_uri_complete();
  out.expires_in = ReadDuration(in.expires_in());
  out.username = in.username();
  out.message = in.message();
  out.attempts_left = in.attempts_left();
  return DownMessage(std::move(out));
}

StatusOr<DownMessage> FromCard(const wire::Landing& in) {
  ASSIGN_OR_RETURN(LandingCard card, ReadLanding(in));
  return DownMessage(std::move(card));
}

StatusOr<DownMessage> FromCommand(const wire::Command& in) {
  ASSIGN_OR_RETURN(Order order, ReadOrder(in));
  return DownMessage(std::move(order));
}

StatusOr<DownMessage> FromWire(const wire::Ack& in) {
  ASSIGN_OR_RETURN(const RunId run_id, RunId::Parse(in.run_id()));
  return DownMessage(Ack{run_id, in.sequence()});
}

StatusOr<DownMessage> FromWire(const wire::RenewOrder& in) {
  RenewOrder order;
  RETURN_IF_ERROR(ReadQuoteRequest(in.nonce(), in.pcrs(), &order.nonce, &order.pcrs));
  return DownMessage(std::move(order));
}

StatusOr<DownMessage> FromWire(const wire::RenewalResult& in) {
  switch (in.result_case()) {
    case wire::RenewalResult::kRenewed: {
      RenewedCertificate renewed{ToBytes(in.renewed().certificate()), {}};
      for (const std::string& der : in.renewed().certificate_chain()) {
        renewed.certificate_chain.push_back(ToBytes(der));
      }
      return DownMessage(std::move(renewed));
    }
    case wire::RenewalResult::kRefused:
      return DownMessage(
          RenewalRefusal{in.refused().code(), in.refused().message(), in.refused().remedy()});
    case wire::RenewalResult::RESULT_NOT_SET:
      break;
  }
  return InvalidArgument("renewal with a result unknown to this agent");
}

}  // namespace

wire::AgentMessage ToWire(const UpMessage& message) {
  wire::AgentMessage out;
  std::visit([&out](const auto& body) { Put(body, out); }, message);
  return out;
}

StatusOr<DownMessage> FromWire(const wire::ServerMessage& message) {
  switch (message.message_case()) {
    case wire::ServerMessage::kWelcome:
      return FromWire(message.welcome());
    case wire::ServerMessage::kAck:
      return FromWire(message.ack());
    case wire::ServerMessage::kCommand:
      return FromCommand(message.command());
    case wire::ServerMessage::kRenew:
      return FromWire(message.renew());
    case wire::ServerMessage::kRenewal:
      return FromWire(message.renewal());
    case wire::ServerMessage::kToken:
      return FromWire(message.token());
    case wire::ServerMessage::kAction:
      return FromWire(message.action());
    case wire::ServerMessage::kSignIn:
      return FromWire(message.sign_in());
    case wire::ServerMessage::kLanding:
      return FromCard(message.landing());
    case wire::ServerMessage::MESSAGE_NOT_SET:
      break;
  }
  return InvalidArgument("message unknown to this agent");
}

}  // namespace preseal::agent
