// SPDX-License-Identifier: Apache-2.0
// What devices ask beside events, and what they are told: preseal.device.v1 to the words of
// server/service/device_requests.h and back.
#pragma once

#include <string>
#include <string_view>

#include "common/base/ids.h"
#include "common/status/status.h"
#include "preseal/device/v1/device.pb.h"
#include "server/service/device_requests.h"

namespace preseal::server {

struct ActionAsk {
  std::string request_id;
  DeviceAction action = DeviceAction::kRefresh;
};

// InvalidArgument: no such button, or a field over its limit.
StatusOr<ActionAsk> ToDomain(const device::v1::ActionRequest& message);
StatusOr<SignInAsk> ToDomain(const device::v1::SignInRequest& message);
// `token` is [a-z0-9-]{1,64}, `item_id` an item's.
Status CheckTokenMessage(std::string_view token, std::string_view item_id);

// `qr_prefix`: the dashboard's address up to the device's id.
void ToProto(const LandingFacts& facts, const DeviceId& device, std::string_view qr_prefix,
             device::v1::Landing* out);
void ToProto(const DeviceAnswer& answer, const DeviceId& device, std::string_view qr_prefix,
             device::v1::ServerMessage* out);

}  // namespace preseal::server
