// SPDX-License-Identifier: Apache-2.0
#include "server/adapters/grpc/device_answers.h"

#include <variant>

#include "common/base/limits.h"
#include "server/adapters/grpc/paging.h"
#include "server/wire/wire_plan.h"
#include "server/wire/wire_time.h"

namespace preseal::server {
namespace {

namespace dv1 = device::v1;

void Put(const TokenAnswer& answer, dv1::TokenState* out) {
  out->set_token(answer.token);
  out->set_item_id(answer.item_id);
  out->set_granted(answer.granted);
  out->set_place(answer.place);
  if (answer.estimate) SetDuration(*answer.estimate, out->mutable_estimate());
  SetDuration(answer.lease, out->mutable_lease());
}

void Put(const ActionAnswer& answer, dv1::ActionResult* out) {
  out->set_request_id(answer.request_id);
  out->set_accepted(answer.accepted);
  out->set_message(answer.message);
}

void Put(const SignInAnswer& answer, dv1::SignInState* out) {
  out->set_request_id(answer.request_id);
  out->set_state(static_cast<dv1::SignInState::State>(answer.state));
  out->set_user_code(answer.user_code);
  out->set_verification_uri(answer.verification_uri);
  out->set_verification_uri_complete(answer.verification_uri_complete);
  if (answer.expires_in.count() > 0) SetDuration(answer.expires_in, out->mutable_expires_in());
  out->set_username(answer.username);
  out->set_message(answer.message);
  out->set_attempts_left(answer.attempts_left);
}

}  // namespace

StatusOr<ActionAsk> ToDomain(const dv1::ActionRequest& message) {
  RETURN_IF_ERROR(CheckLength("request_id", message.request_id(), kRequestIdBytesMax));
  ActionAsk ask{.request_id = message.request_id()};
  switch (message.action()) {
    case dv1::ActionRequest::ACTION_REFRESH:
      ask.action = DeviceAction::kRefresh;
      return ask;
    case dv1::ActionRequest::ACTION_PROVISION:
      ask.action = DeviceAction::kProvision;
      return ask;
    case dv1::ActionRequest::ACTION_RETRY:
      ask.action = DeviceAction::kRetry;
      return ask;
    case dv1::ActionRequest::ACTION_RESET:
      ask.action = DeviceAction::kReset;
      return ask;
    case dv1::ActionRequest::ACTION_DIAGNOSTICS:
      ask.action = DeviceAction::kDiagnostics;
      return ask;
    case dv1::ActionRequest::ACTION_CONTINUE:
      ask.action = DeviceAction::kContinue;
      return ask;
    default:
      return InvalidArgument("action is none this server knows");
  }
}

StatusOr<SignInAsk> ToDomain(const dv1::SignInRequest& message) {
  RETURN_IF_ERROR(CheckLength("request_id", message.request_id(), kRequestIdBytesMax));
  RETURN_IF_ERROR(CheckLength("language", message.answers().language(), kNameBytesMax));
  RETURN_IF_ERROR(CheckLength("keyboard", message.answers().keyboard(), kNameBytesMax));
  SignInAsk ask{.request_id = message.request_id(),
                .language = message.answers().language(),
                .keyboard = message.answers().keyboard(),
                .licence_accepted = message.answers().licence_accepted()};
  switch (message.method_case()) {
    case dv1::SignInRequest::kCode:
      RETURN_IF_ERROR(CheckLength("username", message.code().username(), kNameBytesMax));
      RETURN_IF_ERROR(CheckLength("code", message.code().code(), kUserCodeBytesMax));
      ask.method = SignInAsk::OneTimeCode{message.code().username(), message.code().code()};
      return ask;
    case dv1::SignInRequest::kStartDeviceAuthorization:
      ask.method = SignInAsk::StartDeviceAuthorization{};
      return ask;
    case dv1::SignInRequest::kFirstBoot:
      ask.method = SignInAsk::FirstBoot{};
      return ask;
    case dv1::SignInRequest::METHOD_NOT_SET:
      break;
  }
  return InvalidArgument("sign-in by no method this server knows");
}

// Tokens are named as items are.
Status CheckTokenMessage(std::string_view token, std::string_view item_id) {
  RETURN_IF_ERROR_CTX(ItemId::Parse(std::string(token)).status(), "token");
  return ItemId::Parse(std::string(item_id)).status();
}

void ToProto(const LandingFacts& facts, const DeviceId& device, std::string_view qr_prefix,
             dv1::Landing* out) {
  out->set_organisation(facts.organisation);
  out->set_profile(facts.profile);
  out->set_assigned_user(facts.assigned_user);
  out->set_device_id(device.text());
  out->set_serial_number(facts.serial_number);
  out->set_qr_text(std::string(qr_prefix) + device.text());
  out->set_lab(facts.lab);
  out->set_quarantined(facts.quarantined);
  out->set_device_name(facts.device_name);
  for (const DeviceAction action : facts.actions) {
    const auto button = action == DeviceAction::kContinue
                            ? dv1::ActionRequest::ACTION_CONTINUE
                            : static_cast<dv1::ActionRequest::Action>(action);
    out->add_actions(button);
  }
  out->set_join(facts.join);
  out->set_error_message(facts.error_message);
  out->set_show_progress(facts.show_progress);
  out->set_notice(facts.notice);
  if (!facts.user_flow) return;
  dv1::UserFlow* user = out->mutable_user_flow();
  SetOutOfBox(facts.user_flow->out_of_box, user->mutable_out_of_box());
  user->set_mode(static_cast<plan::v1::Mode>(facts.user_flow->mode));
  user->set_one_time_code(facts.user_flow->one_time_code);
  user->set_device_authorization(facts.user_flow->device_authorization);
  user->set_signed_in(facts.user_flow->signed_in);
}

void ToProto(const DeviceAnswer& answer, const DeviceId& device, std::string_view qr_prefix,
             dv1::ServerMessage* out) {
  if (const auto* token = std::get_if<TokenAnswer>(&answer)) Put(*token, out->mutable_token());
  if (const auto* action = std::get_if<ActionAnswer>(&answer)) Put(*action, out->mutable_action());
  if (const auto* sign_in = std::get_if<SignInAnswer>(&answer)) {
    Put(*sign_in, out->mutable_sign_in());
  }
  if (const auto* card = std::get_if<LandingFacts>(&answer)) {
    ToProto(*card, device, qr_prefix, out->mutable_landing());
  }
}

}  // namespace preseal::server
