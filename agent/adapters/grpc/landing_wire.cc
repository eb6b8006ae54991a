// SPDX-License-Identifier: Apache-2.0
// The landing card and what the user flow adds to it.
#include <optional>

#include "agent/adapters/grpc/session_parts.h"
#include "agent/adapters/grpc/wire_values.h"
#include "common/base/limits.h"
#include "common/log/log.h"

namespace preseal::agent {
namespace {

namespace wire = device::v1;

std::optional<DeviceAction> FromWire(int action) {
  switch (action) {
    case wire::ActionRequest::ACTION_REFRESH:
      return DeviceAction::kRefresh;
    case wire::ActionRequest::ACTION_PROVISION:
      return DeviceAction::kProvision;
    case wire::ActionRequest::ACTION_RETRY:
      return DeviceAction::kRetry;
    case wire::ActionRequest::ACTION_RESET:
      return DeviceAction::kReset;
    case wire::ActionRequest::ACTION_DIAGNOSTICS:
      return DeviceAction::kDiagnostics;
    case wire::ActionRequest::ACTION_CONTINUE:
      return DeviceAction::kContinue;
    default:
      return std::nullopt;
  }
}

StatusOr<UserFlowCard> FromWire(const wire::UserFlow& in) {
  UserFlowCard card;
  ASSIGN_OR_RETURN(card.out_of_box, ReadOutOfBox(in.out_of_box()));
  ASSIGN_OR_RETURN(card.mode, ReadMode(in.mode()));
  card.one_time_code = in.one_time_code();
  card.device_authorization = in.device_authorization();
  card.signed_in = in.signed_in();
  return card;
}

Status CheckTexts(const wire::Landing& in) {
  RETURN_IF_ERROR(CheckLength("organisation", in.organisation(), kNameBytesMax));
  RETURN_IF_ERROR(CheckLength("profile", in.profile(), kNameBytesMax));
  RETURN_IF_ERROR(CheckLength("assigned_user", in.assigned_user(), kNameBytesMax));
  RETURN_IF_ERROR(CheckLength("device_id", in.device_id(), kNameBytesMax));
  RETURN_IF_ERROR(CheckLength("serial_number", in.serial_number(), kSerialBytesMax));
  RETURN_IF_ERROR(CheckLength("qr_text", in.qr_text(), kUrlBytesMax));
  RETURN_IF_ERROR(CheckLength("device_name", in.device_name(), kNameBytesMax));
  RETURN_IF_ERROR(CheckLength("join", in.join(), kNameBytesMax));
  RETURN_IF_ERROR(CheckLength("notice", in.notice(), kItemMessageBytesMax));
  return CheckCharacters("error_message", in.error_message(), kErrorMessageCharsMax);
}

}  // namespace

StatusOr<LandingCard> ReadLanding(const wire::Landing& in) {
  RETURN_IF_ERROR(CheckTexts(in));
  LandingCard card;
  card.organisation = in.organisation();
  card.profile = in.profile();
  card.assigned_user = in.assigned_user();
  card.device_id = in.device_id();
  card.serial_number = in.serial_number();
  card.qr_text = in.qr_text();
  card.lab = in.lab();
  card.quarantined = in.quarantined();
  card.device_name = in.device_name();
  card.join = in.join();
  card.error_message = in.error_message();
  card.notice = in.notice();
  card.show_progress = in.show_progress();
  for (const int action : in.actions()) {
    if (const auto known = FromWire(action)) {
      card.actions.push_back(*known);
    } else {
      log::Warning("action unknown to this agent left out", {{"action", action}});
    }
  }
  if (in.has_user_flow()) {
    ASSIGN_OR_RETURN_CTX(card.user_flow, FromWire(in.user_flow()), "user_flow");
  }
  return card;
}

}  // namespace preseal::agent
