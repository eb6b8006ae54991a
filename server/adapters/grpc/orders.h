// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "preseal/device/v1/device.pb.h"
#include "server/domain/attestation/renewal.h"
#include "server/service/live_devices.h"

namespace preseal::server {

// The order as the device wire carries it. False if a stored plan does not parse, which is logged.
bool ToProto(const DeviceOrder& order, device::v1::Command* out);

void ToProto(const RenewalMessage& message, device::v1::ServerMessage* out);
// InvalidArgument: a structure longer than kTpmStructureBytesMax.
StatusOr<RenewalStatement> ToDomain(const device::v1::RenewalStatement& message);

}  // namespace preseal::server
