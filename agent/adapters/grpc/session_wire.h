// SPDX-License-Identifier: Apache-2.0
// Messages of the device session, wire to agent and back. Inside agent/adapters/grpc only.
#pragma once

#include "agent/service/session/session_channel.h"
#include "preseal/device/v1/device.pb.h"

namespace preseal::agent {

device::v1::AgentMessage ToWire(const UpMessage& message);
// InvalidArgument if a part is missing, unknown or malformed.
StatusOr<DownMessage> FromWire(const device::v1::ServerMessage& message);

}  // namespace preseal::agent
