// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "agent/adapters/grpc/device_channel.h"
#include "agent/service/session/session_channel.h"

namespace preseal::agent {

// SessionDialer over DeviceSessionService.Connect. Every dial is a connection of its own.
class SessionClient final : public SessionDialer {
 public:
  // `channel` must outlive the client; streams may outlive both.
  explicit SessionClient(DeviceChannel& channel) : channel_(channel) {}
  StatusOr<std::unique_ptr<SessionStream>> Dial() override;
  bool Reachable() override { return channel_.probe().Look().ok(); }

 private:
  DeviceChannel& channel_;
};

}  // namespace preseal::agent
